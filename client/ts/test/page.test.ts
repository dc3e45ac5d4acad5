import assert from "node:assert/strict";
import { test } from "node:test";
import { Window } from "happy-dom";
import { baseUrl } from "./server.js";

void test("the page of the project's README shows years and mistakes", async () => {
  const window = new Window({ url: "http://localhost:5173/" });
  const document = window.document as unknown as Document;
  const { FormData, fetch } = globalThis;
  Object.assign(globalThis, {
    document,
    FormData: window.FormData,
    fetch: (request: Request) => fetch(new Request(request.url.replace("http://localhost:8080", baseUrl), request)),
  });
  const status = (text: RegExp) => until(() => text.test(document.querySelector("[role=status]")?.textContent ?? ""));
  const show = (field: string, value: string) => {
    document.querySelector<HTMLInputElement>(`[name=${field}]`)?.setAttribute("value", value);
    document.querySelector("button")?.click();
  };
  try {
    await import(new URL("../examples/page.js", import.meta.url).href);
    await status(/^\d\d years$/);
    assert.match(document.querySelector("tbody tr")?.textContent ?? "", /\$\d{3}B/);
    show("day", "2009-12-31");
    await status(/^3 years$/);
    assert.match(document.querySelector("tbody tr")?.textContent ?? "", /2009.*\$37B/);
    show("ticker", "NONE");
    await status(/^There is no company NONE\.$/);
    show("ticker", "!");
    await status(/^ticker must be/);
  } finally {
    Object.assign(globalThis, { document: undefined, FormData, fetch });
  }
});

/** Waits until a condition holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 1000, "it never comes to that");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
