// The token comes after the # of the emailed link, so that it reaches no server log.
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
const form = document.getElementById("confirm");
const result = document.getElementById("result");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  result.textContent = "";
  try {
    const response = await fetch("/api/v1/users/confirm-email", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    const body = await response.json();
    if (response.ok) {
      form.hidden = true;
      result.textContent = body.message;
    } else {
      result.textContent = (body.errors ?? []).map((e) => `${e.field === "/token" ? "The link" : "The address"} ${e.message}`).join("; ") || body.detail || body.title;
    }
  } catch {
    result.textContent = "The server cannot be reached. Try again later.";
  }
});
