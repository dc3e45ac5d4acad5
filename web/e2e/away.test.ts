import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { expectErrors, Gate, hasFocus, newUser, open, signIn } from "./browser.ts";
import { picture } from "./browser.ts"; // newproject:companies

let gate: Gate;
beforeEach(async () => {
  gate = new Gate();
  await gate.open();
});
afterEach(() => gate.shut().catch(() => undefined));

const network = /Failed to load resource|net::ERR|status of 401/;

// newproject:companies
const gone = "The server does not answer. Check your connection. The page goes on by itself when the server is back.";

test("keeps what it shows while the server is away, and goes on by itself", async () => {
  const page = await open("/companies/AAPL", { baseURL: gate.url });
  const figure = page.getByRole("button", { name: "391,035" });
  await figure.waitFor();
  await gate.shut();
  await page.getByRole("link", { name: "Charts" }).click();
  await page.getByText(gone).waitFor();
  await picture(page, "away-1400-light");
  await page.goBack();
  await figure.waitFor();
  await gate.open();
  await page.getByText(gone).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Charts" }).click();
  await page.getByRole("figure", { name: "Revenue" }).waitFor();
  expectErrors(network);
});

test("shows a page that was opened while the server was away, once it is back", async () => {
  const page = await open("/metrics", { baseURL: gate.url });
  await page.getByRole("heading", { level: 1, name: "Metrics" }).waitFor();
  await gate.shut();
  await page.getByRole("link", { name: "Companies", exact: true }).click();
  await page.getByText("The server does not answer.").first().waitFor();
  await gate.open();
  // Nobody reloads anything, but may press the button where code is missing.
  const row = page.getByRole("link", { name: "Apple Inc." });
  const again = page.getByRole("button", { name: "Try again" });
  await row.or(again).first().waitFor();
  if (!(await row.isVisible())) await again.click();
  await row.waitFor();
  expectErrors(network);
});
// newproject:end

test("keeps what was typed when the server does not take it", async () => {
  const user = await newUser();
  const page = await open("/sign-in", { baseURL: gate.url });
  await signIn(page, user);
  await page.goto("/account");
  await page.getByRole("button", { name: "Change name" }).click();
  const dialog = page.getByRole("dialog", { name: "Change name" });
  const name = `Name ${randomUUID()}`;
  await dialog.getByLabel("Name").fill(name);
  await gate.shut();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByText("The server does not answer. Try again in a moment.").waitFor();
  expect(await dialog.getByLabel("Name").inputValue()).toBe(name);
  await gate.open();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: `Account of ${name}` }).waitFor();
  await expect.poll(() => hasFocus(page.getByRole("button", { name: "Change name" }))).toBe(true);
  expectErrors(network);
});

test("says that the browser is offline", async () => {
  const page = await open("/");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.context().setOffline(true);
  await page.getByText("You are offline.").waitFor();
  await page.context().setOffline(false);
  await page.getByText("You are offline.").waitFor({ state: "detached" });
  expectErrors(network);
});
