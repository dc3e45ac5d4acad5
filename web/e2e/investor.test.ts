import { readFile } from "node:fs/promises";
import { createClient, pages, unwrap, type Schemas } from "@edgevalue/client";
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { api, baseURL, expectErrors, open, picture } from "./browser.ts";

type Statement = Schemas["FinancialStatement"];

const then = "2012-12-31";

/** Apple's annual statements, as the API has them, the newest first. */
async function annual(asOf?: string): Promise<Statement[]> {
  const client = asOf === undefined ? api : createClient({ baseUrl: baseURL, asOf });
  const all: Statement[] = [];
  for await (const s of pages(client.GET, "/companies/{ticker}/financial-statements", { params: { path: { ticker: "AAPL" }, query: { period: "annual" } } })) all.push(s);
  return all.sort((a, b) => b.end_date.localeCompare(a.end_date));
}

const millions = (v: number | null) => ((v ?? NaN) / 1e6).toLocaleString("en-US", { maximumFractionDigits: 0 });

const statements = (page: Page) => page.getByRole("table", { name: "Apple Inc.: Annual statements, USD" });
const rowOf = (table: Locator, name: string) => table.getByRole("row").filter({ has: table.page().getByRole("rowheader", { name, exact: true }) });

/** The figures of a row, as they are read; without what they were before. */
const figures = async (row: Locator) => (await row.getByRole("button").allInnerTexts()).map((text) => text.split("\n")[0]);

/** Sets the day of the page by its control. */
async function choose(page: Page, day: string): Promise<void> {
  const [year = "", month = "", date = ""] = day.split("-");
  await page.getByRole("button", { name: /^As known/ }).click();
  const control = page.getByRole("dialog", { name: "As known on" });
  await control.getByRole("spinbutton", { name: /^month/ }).click();
  await page.keyboard.type(month + date + year);
  await page.keyboard.press("Enter");
  await control.waitFor({ state: "hidden" });
}

test("finds a company by the keyboard", async () => {
  const page = await open("/metrics");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("app");
  const search = page.getByRole("combobox", { name: "Search for a company" });
  await page.getByRole("option", { name: /^Apple Inc\./ }).waitFor();
  await picture(page, "search-1400-light");
  // Down to Apple, as far as it is.
  const chosen = page.getByRole("option", { name: /^Apple Inc\./, selected: false });
  const names = await page.getByRole("option").allInnerTexts();
  for (let i = names.findIndex((n) => n.startsWith("Apple Inc.")); i >= 0; i--) await page.keyboard.press("ArrowDown");
  await chosen.waitFor();
  expect(await search.getAttribute("aria-activedescendant")).toBe(await chosen.getAttribute("id"));
  await page.keyboard.press("Enter");
  await page.waitForURL("**/companies/AAPL");
  await page.getByRole("heading", { level: 1, name: "Apple Inc." }).waitFor();
  // The keys go on from the new page, not from the box.
  await page.keyboard.press("/");
  await expect.poll(() => page.getByRole("combobox", { name: "Search for a company" }).evaluate((e) => e === document.activeElement)).toBe(true);
});

test("finds a company by its CIK, and says when there is none", async () => {
  const page = await open("/");
  await page.getByRole("main").getByRole("textbox").or(page.getByRole("main").getByRole("combobox")).fill("zzzzqqq");
  await page.getByText("No company found for “zzzzqqq”.").waitFor();
  await page.getByRole("combobox", { name: "Search for a company" }).fill("1835632");
  await page.getByRole("option", { name: /^Marvell/ }).click();
  await page.waitForURL("**/companies/MRVL");
});

test("shows what was reported", async () => {
  const expected = await annual();
  const page = await open("/companies/AAPL");
  const revenue = rowOf(statements(page), "Revenue");
  await revenue.waitFor();
  expect(await figures(revenue)).toEqual(expected.slice(0, 10).map((s) => millions(s.total_revenues)));
  expect(await figures(revenue)).toContain("391,035");
  const eps = rowOf(statements(page), "Earnings per share, diluted");
  expect(await figures(eps)).toEqual(expected.slice(0, 10).map((s) => s.earnings_per_share_diluted?.toFixed(2)));
  expect(await page.getByRole("link", { name: "FY 2024: the filing at the SEC" }).getAttribute("href")).toBe(expected.find((s) => s.fiscal_year === 2024)?.url);

  await page.getByText("20 years", { exact: true }).click();
  await expect.poll(() => figures(revenue)).toHaveLength(Math.min(20, expected.length));
  await page.getByText("Whole", { exact: true }).click();
  await expect.poll(() => figures(revenue)).toContain("391,035,000,000");
  await page.getByText("Quarterly", { exact: true }).click();
  await page.getByRole("table", { name: "Apple Inc.: Quarterly statements, USD" }).waitFor();
  // What was chosen is in the address.
  await page.reload();
  await page.getByRole("table", { name: "Apple Inc.: Quarterly statements, USD" }).waitFor();
  expect(await page.getByRole("radio", { name: "Whole" }).isChecked()).toBe(true);
});

test("shows what was known on a day", async () => {
  const expected = await annual(then);
  const page = await open("/companies/AAPL");
  const revenue = rowOf(statements(page), "Revenue");
  await revenue.waitFor();
  await choose(page, then);
  await expect.poll(() => new URL(page.url()).searchParams.get("as_of")).toBe(then);
  await expect.poll(() => figures(revenue)).toEqual(expected.map((s) => millions(s.total_revenues)));
  expect(await figures(rowOf(statements(page), "Earnings per share, diluted"))).toEqual(expected.map((s) => s.earnings_per_share_diluted?.toFixed(2)));
  const heads = await statements(page).getByRole("columnheader", { name: /filed/ }).allInnerTexts();
  expect(heads).toHaveLength(expected.length);
  for (const head of heads) {
    const [, day = ""] = /filed (\w+ \d+, \d+)/.exec(head) ?? [];
    const filed = new Date(`${day} UTC`);
    expect(Number.isNaN(filed.getTime())).toBe(false);
    expect(filed.getTime()).toBeLessThanOrEqual(Date.parse(then));
  }
  // The day goes with every link, and back.
  for (const name of ["Metrics", "Charts", "Prices & ratios", "Dividends & splits"]) {
    const link = page.getByRole("navigation", { name: "Pages of the company" }).getByRole("link", { name });
    expect(new URL((await link.getAttribute("href")) ?? "", page.url()).searchParams.get("as_of")).toBe(then);
    await link.click();
    await page.waitForURL((url) => url.pathname !== "/companies/AAPL" && url.searchParams.get("as_of") === then);
    await page.goBack();
    await revenue.waitFor();
  }
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Companies" }).click();
  await page.waitForURL((url) => url.pathname === "/companies" && url.searchParams.get("as_of") === then);
  await page.goBack();
  await page.getByRole("button", { name: "As known on Dec 31, 2012" }).click();
  await page.getByRole("button", { name: "Back to today" }).click();
  await expect.poll(() => figures(revenue)).toContain("391,035");
  expect(page.url()).not.toContain("as_of");
});

test("refuses a day that cannot be", async () => {
  const page = await open("/companies/AAPL?as_of=2999-01-01&period=daily");
  await statements(page).waitFor();
  expect(new URL(page.url()).search).toBe("");
  await page.getByRole("button", { name: "As known today" }).click();
  await page.getByRole("spinbutton", { name: /^month/ }).click();
  await page.keyboard.type("01012999");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText(/^Choose a day from/).waitFor();
});

test("proves a number", async () => {
  const page = await open("/companies/AAPL");
  const [first] = await annual();
  const number = rowOf(statements(page), "Revenue").getByRole("button").nth(1);
  await number.click();
  const proof = page.getByRole("dialog", { name: "Where it comes from Revenue" });
  await proof.getByText("us-gaap:RevenueFromContractWithCustomerExcludingAssessedTax").waitFor();
  await proof.getByText("391,035,000,000", { exact: true }).first().waitFor();
  await proof.getByText("Oct 1, 2023 to Sep 28, 2024").waitFor();
  const filing = proof.getByRole("link", { name: "10-K filed Nov 1, 2024" });
  expect(await filing.getAttribute("href")).toMatch(/^https:\/\/www\.sec\.gov\/Archives\/edgar\/data\/320193\//);
  await picture(page, "proof-1400-light");
  const address = page.url();
  await page.keyboard.press("Escape");
  await proof.waitFor({ state: "hidden" });
  await expect.poll(() => number.evaluate((e) => e === document.activeElement)).toBe(true);
  // The arrows go on from there.
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await proof.getByText((first?.total_revenues ?? NaN).toLocaleString("en-US"), { exact: true }).first().waitFor();

  // Who gets the address sees the same proof.
  const other = await open(new URL(address).pathname + new URL(address).search);
  await other.getByRole("dialog", { name: "Where it comes from Revenue" }).getByText("Oct 1, 2023 to Sep 28, 2024").waitFor();
  await other.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await other.getByRole("dialog").waitFor({ state: "hidden" });
  expect(other.url()).not.toContain("proof=");
});

test("proves a formula by its inputs", async () => {
  const page = await open("/companies/AAPL");
  await rowOf(statements(page), "Free cash flow").getByRole("button").first().click();
  const proof = page.getByRole("dialog", { name: "Where it comes from Free cash flow" });
  await proof.getByText(/NetCashProvidedByUsedInOperatingActivities/).first().waitFor();
  await proof.getByText(/PaymentsToAcquirePropertyPlantAndEquipment/).first().waitFor();
});

test("gives the table away with exact numbers", async () => {
  const expected = (await annual()).slice(0, 10);
  const page = await open("/companies/AAPL");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await rowOf(statements(page), "Revenue").waitFor();
  const begun = page.waitForEvent("download");
  await page.getByRole("button", { name: "CSV" }).click();
  const download = await begun;
  expect(download.suggestedFilename()).toMatch(/^AAPL-annual-\d{4}-\d\d-\d\d\.csv$/);
  const text = await readFile(await download.path(), "utf8");
  const line = (name: string) => text.split("\r\n").find((l) => l.replaceAll('"', "").startsWith(`${name},`));
  expect(line("Revenue")).toBe(["Revenue", ...expected.map((s) => String(s.total_revenues))].join());
  expect(line("Period end")).toBe(["Period end", ...expected.map((s) => s.end_date)].join());
  expect(line("Net income")).toBe(["Net income", ...expected.map((s) => String(s.net_income))].join());

  await page.getByRole("button", { name: "Copy table" }).click();
  await page.getByText("Copied.").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied.split("\n").find((l) => l.startsWith("Revenue\t"))).toBe(["Revenue", ...expected.map((s) => String(s.total_revenues))].join("\t"));
});

test("shows scores with their signals", async () => {
  const { items } = await unwrap(api.GET("/companies/{ticker}/value-metrics", { params: { path: { ticker: "AAPL" }, query: { period: "annual", page_size: 1 } } }));
  const score = items[0]?.metrics["piotroski_f_score"];
  expect(score).toBeTypeOf("number");
  const page = await open("/companies/AAPL/metrics");
  const piotroski = page.getByRole("region", { name: "Piotroski F" });
  await piotroski.getByText(`${String(score)} of 9`).waitFor();
  expect(await piotroski.getByRole("listitem").count()).toBe(9);
  expect(await piotroski.getByText("Passed", { exact: true }).count()).toBe(score);
  // What a metric is stands one press away.
  await piotroski.getByRole("button", { name: "Piotroski F", exact: true }).click();
  await page.getByRole("link", { name: "In the list of all metrics" }).click();
  await page.waitForURL("**/metrics#*");
  await page.getByRole("heading", { level: 1, name: "Metrics" }).waitFor();
});

test("reads a chart by the keyboard", async () => {
  const expected = await annual();
  const page = await open("/companies/AAPL/charts");
  const chart = page.getByRole("figure", { name: "Revenue" });
  await chart.getByRole("application").focus();
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  const [, before] = expected;
  const said = (before?.total_revenues ?? NaN).toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 4, style: "currency", currency: "USD" });
  await chart.getByRole("status").getByText(`${String(before?.fiscal_year)}: Revenue ${said}`).waitFor();
  await page.keyboard.press("Home");
  await chart.getByRole("status").getByText(/^20\d\d: Revenue/).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => chart.getByRole("status").innerText()).toBe("");
});

test("shows prices and ratios of days", async () => {
  const page = await open("/companies/AAPL/ratios");
  await page.getByRole("heading", { name: "All ratios of Dec 29, 2017" }).waitFor();
  const figure = page.getByRole("figure", { name: "Price", exact: true });
  await figure.getByText("$42.31").waitFor(); // 169.23, split 4 for 1 since
  await page.getByText("As traded", { exact: true }).click();
  await figure.getByText("$169.23").waitFor();
  await figure.getByRole("application").focus();
  await page.keyboard.press("End");
  await figure.getByRole("status").getByText(/^Dec 29, 2017: Close \$169\.23$/).waitFor();
  await page.getByRole("button", { name: /where market cap comes from$/ }).click();
  await page.getByRole("dialog").getByText("Closing price").waitFor();
});

test("shows dividends and splits", async () => {
  const page = await open("/companies/AAPL/dividends");
  const table = page.getByRole("table", { name: "Dividends", exact: true });
  await table.getByRole("row", { name: /^Q1 2026 \$0\.26/ }).waitFor();
  const splits = page.getByRole("table", { name: "Splits" });
  await splits.getByRole("row", { name: /Aug 31, 2020.*4 for 1/ }).waitFor();
  await splits.getByRole("row", { name: /Jun 9, 2014.*7 for 1/ }).waitFor();
});

test("compares companies, and shares it", async () => {
  const page = await open("/compare");
  const add = page.getByRole("combobox", { name: "Add a company" });
  for (const name of ["Apple Inc.", "Marvell Technology, Inc."]) {
    await add.fill(name);
    await page.getByRole("option", { name: new RegExp(name) }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: `Remove ${name}` }).waitFor();
  }
  const newest = page.getByRole("table", { name: "The newest of each company" });
  await newest.getByRole("columnheader", { name: /^MRVL/ }).waitFor();
  await page.getByText(/^Choose metrics/).click();
  await page.getByRole("button", { name: "None" }).click();
  await page.getByRole("searchbox", { name: "Find a metric" }).fill("return on equity");
  await page.getByRole("checkbox", { name: /^(ROE|Return on equity)$/ }).check();
  await page.getByRole("searchbox", { name: "Find a metric" }).fill("gross");
  await page.getByRole("checkbox", { name: "Gross margin", exact: true }).check();
  await page.getByRole("combobox", { name: "Metric" }).selectOption("Gross margin");
  const overTime = page.getByRole("table", { name: "Gross margin, by fiscal year" });
  await overTime.waitFor();
  await expect.poll(() => newest.getByRole("rowheader").count()).toBe(2);

  const read = async (p: Page) => [
    await p.getByRole("table", { name: "The newest of each company" }).innerText(),
    await p.getByRole("table", { name: "Gross margin, by fiscal year" }).innerText(),
  ];
  const address = new URL(page.url());
  const other = await open(address.pathname + address.search);
  await other.getByRole("table", { name: "Gross margin, by fiscal year" }).waitFor();
  await other.getByRole("columnheader", { name: /prices of|no prices/ }).or(other.getByRole("columnheader", { name: /^MRVL/ })).first().waitFor();
  expect(await read(other)).toEqual(await read(page));

  const { items } = await unwrap(api.GET("/companies/{ticker}/value-metrics", { params: { path: { ticker: "MRVL" }, query: { period: "annual", page_size: 1 } } }));
  const margin = ((items[0]?.metrics["gross_profit_margin"] ?? NaN) * 100).toFixed(1);
  await rowOf(newest, "Gross margin").getByRole("button", { name: new RegExp(`MRVL: ${margin}%`) }).waitFor();
});

test("explains each metric", async () => {
  const { items } = await unwrap(api.GET("/metrics"));
  const page = await open("/metrics");
  await page.getByText(`How each of the ${String(items.length)} metrics is computed`).waitFor();
  await page.getByRole("searchbox", { name: "Find a metric" }).fill("altman");
  await page.getByText(/^[1-9] metrics?$/).waitFor();
  await page.getByRole("searchbox", { name: "Find a metric" }).fill("zzzz");
  await page.getByText("No metric has these words.").waitFor();
});

test("lists the keys", async () => {
  const page = await open("/companies/AAPL");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keys" });
  await keys.getByRole("rowheader", { name: "/", exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await keys.waitFor({ state: "hidden" });
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await page.waitForURL("**/companies");
});

test("says that there is no such company, or no such address", async () => {
  const page = await open("/companies/NOSUCH1");
  await page.getByRole("heading", { name: "No company has the ticker “NOSUCH1”." }).waitFor();
  await page.goto("/no/such/address");
  await page.getByRole("heading", { name: "There is nothing at this address." }).waitFor();
  expectErrors(/status of 404/);
});
