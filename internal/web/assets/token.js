// Sends the token of an emailed link, with the values of the form, to the operation that the form names. The token comes
// after the link's #, so that it reaches no server log.
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
const form = document.querySelector("form");
const result = document.getElementById("result");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  result.textContent = "";
  try {
    const response = await fetch(form.dataset.operation, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token, ...Object.fromEntries(new FormData(form)) }),
    });
    const body = await response.json();
    if (response.ok) {
      form.hidden = true;
      result.textContent = form.dataset.done;
    } else {
      result.textContent = (body.errors ?? []).map((e) => `${e.field.replace("/", "").replaceAll("_", " ")} ${e.message}`).join("; ") || body.detail || body.title;
    }
  } catch {
    result.textContent = "The server cannot be reached. Try again later.";
  }
});
