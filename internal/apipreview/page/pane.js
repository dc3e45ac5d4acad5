"use strict";

const of = new URLSearchParams(location.search).get("of");
const key = `scroll of ${of}`;
const docs = document.getElementById("docs");

async function show() {
  const response = await fetch(`/openapi.json?of=${of}`, { cache: "no-store" });
  if (!response.ok) {
    docs.textContent = await response.text();
    return;
  }
  const options = {
    disableSearch: true,
    hideDownloadButton: true,
    showExtensions: true,
    theme: { typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } } },
  };
  Redoc.init(await response.json(), options, docs, () => {
    const top = sessionStorage.getItem(key);
    if (top !== null) {
      scrollTo(0, Number(top));
    }
    addEventListener("scroll", () => sessionStorage.setItem(key, scrollY), { passive: true });
  });
}

show();
