import { randomUUID } from "node:crypto";
import { unwrap } from "@edgevalue/client";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { expectErrors, hasFocus, mistakeOf, newCompany, newUser, open, operator, picture, signIn } from "./browser.ts";

const days = (n: number) => Array.from({ length: n }, (_, i) => new Date(Date.UTC(1980, 0, 1 + i)).toISOString().slice(0, 10));

/** What stands beside a term, with its hint. */
const said = (page: Page, name: string) => page.getByRole("term").filter({ hasText: new RegExp(`^${name}$`) }).evaluate((e) => e.nextElementSibling?.textContent ?? "");

test("imports a file that is dropped, and says what was not read", async () => {
  const { ticker } = await newCompany();
  const page = await open("/");
  await signIn(page);
  await page.getByRole("button", { name: /^Account of/ }).click();
  await page.getByRole("navigation", { name: "Your account" }).getByRole("link", { name: "Imports" }).click();
  await page.waitForURL("**/imports");
  const file = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["Date,Close\n2024-01-02,12.5\n2024-01-03,12.75\n2024-01-04,-1\n2024-01-05,13\n"], "prices-dropped.csv", { type: "text/csv" }));
    return data;
  });
  const place = page.getByText("Drop a file here, or choose one");
  await place.dispatchEvent("dragover", { dataTransfer: file });
  await place.dispatchEvent("drop", { dataTransfer: file });
  await page.getByText("prices-dropped.csv").waitFor();
  // Its name tells its kind.
  const kind = page.getByRole("combobox", { name: "Kind" });
  expect(await kind.evaluate((e) => (e as HTMLSelectElement).selectedOptions[0]?.text)).toBe("Prices");
  await page.getByRole("textbox", { name: "Ticker" }).fill(ticker);
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.waitForURL(/\/imports\/\d+$/);
  await page.getByRole("heading", { name: "Done" }).waitFor();
  expect(await said(page, "Written")).toBe("3");
  expect(await said(page, "Skipped")).toBe("1");
  await page.getByText("rows that were skipped, as their close is no number above 0: 1").waitFor();
  await picture(page, "import-done-1400-light");
  await page.getByRole("link", { name: "All imports" }).click();
  await page.getByRole("row", { name: new RegExp(`Done.*prices-dropped\\.csv.*${ticker}`, "s") }).waitFor();
});

test("imports a file that is chosen", async () => {
  const ticker = `T${randomUUID().replaceAll("-", "").slice(0, 9).toUpperCase()}`;
  const page = await open("/");
  await signIn(page);
  await page.goto("/imports");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("alert").getByText("Choose a file first.").waitFor();
  const choosing = page.waitForEvent("filechooser");
  await page.getByText("Drop a file here, or choose one").click();
  await (await choosing).setFiles({ name: "companies.csv", mimeType: "text/csv", buffer: Buffer.from(`ticker,name\n${ticker},Chosen ${ticker} Inc.\n`) });
  await page.getByText("companies.csv").waitFor();
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.waitForURL(/\/imports\/\d+$/);
  await page.getByRole("heading", { name: "Done" }).waitFor();
  expect(await said(page, "Written")).not.toBe("0");
  await page.keyboard.press("/");
  await page.keyboard.type(ticker);
  await page.getByRole("option", { name: new RegExp(`^Chosen ${ticker} Inc\\.`) }).click();
  await page.getByRole("heading", { level: 1, name: `Chosen ${ticker} Inc.` }).waitFor();
});

test("says why a file failed", async () => {
  const page = await open("/");
  await signIn(page);
  await page.goto("/imports");
  const choosing = page.waitForEvent("filechooser");
  await page.getByText("Drop a file here, or choose one").click();
  await (await choosing).setFiles({ name: "facts.txt", mimeType: "text/plain", buffer: Buffer.from("this is no JSON") });
  await page.getByRole("combobox", { name: "Kind" }).selectOption("Company facts (SEC)");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText(/^It failed:$/).or(page.getByRole("alert")).first().waitFor();
  expect((await page.getByRole("alert").innerText()).length).toBeGreaterThan(20);
  expectErrors(/status of 4\d\d/);
});

test("shows the progress of an import, and stops it", async () => {
  const page = await open("/");
  await signIn(page);
  await page.goto("/imports");
  const companies = await Promise.all([newCompany(), newCompany()]);
  const lines = Array.from({ length: 12 }, () => companies).flat().flatMap(({ ticker }) => days(16_000).map((d) => `${ticker},${d},10.5`));
  const choosing = page.waitForEvent("filechooser");
  await page.getByText("Drop a file here, or choose one").click();
  await (await choosing).setFiles({ name: "prices-many.csv", mimeType: "text/csv", buffer: Buffer.from(`ticker,date,close\n${lines.join("\n")}\n`) });
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.waitForURL(/\/imports\/\d+$/);
  await page.getByRole("progressbar", { name: "How much of the file was read" }).waitFor();
  await page.getByRole("button", { name: "Stop the import" }).click();
  const asks = page.getByRole("dialog", { name: "Stop this import?" });
  await asks.getByText("None of its data is kept.").waitFor();
  await asks.getByRole("button", { name: "Stop the import" }).click();
  await page.getByRole("heading", { name: "Cancelled" }).waitFor();
  await page.getByText("It was cancelled. None of its data was kept.").waitFor();
});

test("enters a dividend, says what is wrong with it, and shows it", async () => {
  const { ticker, name } = await newCompany();
  const page = await open("/");
  await signIn(page);
  await page.goto(`/companies/${ticker}`);
  await page.getByRole("link", { name: "Enter data" }).click();
  await page.getByRole("link", { name: "Enter a dividend" }).click();
  const amount = page.getByRole("textbox", { name: "Amount per share" });
  const currency = page.getByRole("textbox", { name: "Currency" });
  await amount.fill("-0.5");
  await currency.fill("dollars");
  await page.getByLabel("Published on").fill("2024-02-01");
  await page.getByRole("button", { name: "Save" }).click();
  await expect.poll(() => mistakeOf(amount)).toMatch(/^Amount per share must be/);
  expect(await mistakeOf(currency)).toMatch(/^Currency /);
  await expect.poll(() => hasFocus(amount)).toBe(true);
  await picture(page, "entry-mistakes-1400-light");
  await amount.fill("0.5x");
  await page.getByRole("button", { name: "Save" }).click();
  await expect.poll(() => mistakeOf(amount)).toMatch(/^Amount per share must be a number/);
  await amount.fill("0.55");
  await currency.fill("USD");
  await page.getByLabel("Ex-dividend day").fill("2024-02-09");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row", { name: /^\$0\.55.*Feb 1, 2024/ }).waitFor();
  await page.getByRole("link", { name: "Dividends & splits" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  await page.getByRole("table", { name: "Dividends", exact: true }).getByRole("row", { name: /\$0\.55.*Entered by hand/ }).waitFor();

  await page.getByRole("link", { name: "Enter data" }).click();
  await page.getByRole("button", { name: "Delete $0.55, published Feb 1, 2024" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("No dividend was entered by hand.").waitFor();
  expectErrors(/status of 422/);
});

test("enters a statement, which the page then shows", async () => {
  const { ticker, name } = await newCompany();
  const page = await open("/");
  await signIn(page);
  await page.goto(`/companies/${ticker}/entries`);
  await page.getByRole("link", { name: "Enter a statement" }).click();
  await page.getByRole("textbox", { name: "Fiscal year", exact: true }).fill("2023");
  await page.getByLabel("First day").fill("2023-01-01");
  await page.getByLabel("Last day").fill("2023-12-31");
  await page.getByLabel("Published on").fill("2024-02-15");
  await page.getByRole("textbox", { name: "Currency" }).fill("USD");
  await page.getByRole("combobox", { name: "Amounts are in" }).selectOption("Millions");
  await page.getByRole("textbox", { name: "Revenue", exact: true }).fill("1,234.5");
  await page.getByRole("textbox", { name: "Net income", exact: true }).fill("(12)");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row", { name: /Dec 31, 2023.*1,234,500,000/ }).waitFor();
  await page.getByRole("link", { name: "Statements", exact: true }).click();
  const table = page.getByRole("table", { name: `${name}: Annual statements, USD` });
  await table.getByRole("button", { name: "1,235" }).or(table.getByRole("button", { name: "1,234" })).first().click();
  await page.getByRole("dialog", { name: "Where it comes from Revenue" }).getByText("Entered by hand").waitFor();
});

test("says why there is no sync", async () => {
  const page = await open("/");
  await signIn(page);
  await page.goto("/syncs");
  await page.getByText("These companies", { exact: true }).click();
  await page.getByRole("textbox", { name: "Tickers" }).fill("SNOW");
  await page.getByRole("button", { name: "Start the sync" }).click();
  await page.getByRole("alert").getByText("EDGAR_USER_AGENT is not set").waitFor();
  expect(await page.getByRole("textbox", { name: "Tickers" }).inputValue()).toBe("SNOW");
  expectErrors(/status of 409/);
});

test("makes an account, and says what is wrong with it", async () => {
  const taken = await newUser();
  const email = `${randomUUID()}@example.com`;
  const page = await open("/");
  await signIn(page);
  await page.goto("/users");
  const field = page.getByRole("textbox", { name: "Email" });
  await field.fill(taken.email);
  await page.getByRole("textbox", { name: "Password" }).fill("three uncommon words 81");
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByRole("alert").or(page.getByText(/^Email .*\.$/)).first().waitFor();
  await field.fill(email);
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.waitForURL(/\/users\/\d+$/);
  await page.getByRole("heading", { level: 1, name: email }).waitFor();
  await page.getByRole("textbox", { name: "Name" }).fill("Katherine Johnson");
  await page.getByRole("checkbox", { name: "Active" }).uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.getByRole("link", { name: "All users" }).click();
  await page.getByRole("row", { name: new RegExp(`${email}.*Katherine Johnson.*Deactivated`, "s") }).waitFor();
  expectErrors(/status of 4\d\d/);
});

test("shows what was done, and by whom", async () => {
  const user = await newUser();
  await unwrap((await operator()).PATCH("/users/{id}", { params: { path: { id: user.id } }, body: { full_name: "Mary Jackson" } }));
  const page = await open("/");
  await signIn(page);
  await page.goto(`/users/${String(user.id)}`);
  await page.getByRole("link", { name: "What was done to this account" }).click();
  const changed = page.getByRole("row").filter({ hasText: /Account changed.*full_name/s });
  await changed.waitFor();
  await changed.getByText("admin@example.com").waitFor();
  await page.getByRole("row", { name: /Account created/ }).waitFor();
  await page.getByRole("combobox", { name: "Action" }).fill("user.created");
  await page.getByRole("button", { name: "Filter" }).click();
  await changed.waitFor({ state: "hidden" });
  expect(new URL(page.url()).searchParams.get("action")).toBe("user.created");
  await page.getByRole("row", { name: /Account created/ }).waitFor();
});

test("opens the job monitor with the session of the page", async () => {
  const page = await open("/");
  await signIn(page);
  await page.getByRole("button", { name: /^Account of/ }).click();
  await page.getByRole("link", { name: "Background jobs" }).first().click();
  await page.waitForURL(/\/jobs/);
  await page.getByRole("link", { name: /^Completed/ }).click();
  await page.getByText(/import/i).first().waitFor();
});

test("keeps what is the superusers' from others", async () => {
  const page = await open("/");
  await signIn(page, await newUser());
  for (const path of ["/users", "/imports", "/syncs", "/audit-events"]) {
    await page.goto(path);
    await page.getByRole("main").getByText("Your account may not see this.").first().waitFor();
  }
  await page.goto("/companies/AAPL");
  await page.getByRole("link", { name: "Statements", exact: true }).waitFor();
  expect(await page.getByRole("link", { name: "Enter data" }).count()).toBe(0);
  expectErrors(/status of 403/);
});
