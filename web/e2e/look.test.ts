import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Schemas } from "@edgevalue/client"; // newproject:companies
import type axe from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { expectErrors, newUser, open, picture, signIn } from "./browser.ts";

const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const { routes } = JSON.parse(await readFile("../internal/web/dist/routes.json", "utf8")) as { routes: string[] };

const checked = { states: 0, violations: 0, rules: 0 };
afterAll(() => {
  console.log(`axe: ${String(routes.length)} routes, ${String(checked.states)} states checked, ${String(checked.rules)} rules passed, ${String(checked.violations)} violations`);
});

// The rules that colours can break.
const ofColours = ["color-contrast", "link-in-text-block"];

/** Checks what the page shows now, light and dark: no violation of axe's rules, and nothing beyond the sides. */
async function check(page: Page, name: string): Promise<void> {
  await page.evaluate(source);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const found = await page.evaluate(async (only) => {
      const { axe: tool } = window as unknown as { axe: typeof axe };
      const { violations, passes } = await tool.run(only ? { runOnly: only } : {});
      return { passes: passes.length, violations: violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => `${n.html.slice(0, 200)} ${n.any[0]?.message ?? ""}`).join(" | ")}`) };
    }, colorScheme === "dark" ? ofColours : undefined);
    checked.states++;
    checked.rules += found.passes;
    checked.violations += found.violations.length;
    await picture(page, `${name}-${colorScheme}`);
    expect.soft(found.violations, `${name} ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: "light" });
  const beyond = await page.evaluate(() => (document.scrollingElement?.scrollWidth ?? 0) - innerWidth);
  expect.soft(beyond, `${name} is too wide by`).toBeLessThanOrEqual(0);
}

/** Waits until nothing is loading any more. */
async function settle(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForLoadState("networkidle");
  await expect.poll(() => page.getByText("Loading …").or(page.getByText("Lädt")).count()).toBe(0);
}

interface Visit {
  path: string;
  /** What the page shows when it is ready. */
  shows: RegExp;
  signedIn?: boolean;
  errors?: RegExp;
}

const none = /status of 40[134]/;

// newproject:companies
/** A sync as it may end: the server under test asks no EDGAR. */
const sync: Schemas["Sync"] = {
  id: 1,
  scope: "companies",
  tickers: ["AAPL", "MRVL"],
  file_name: null,
  state: "succeeded",
  source: "companies",
  stage: "done",
  received: 0,
  size: null,
  total: 2,
  updated: 1,
  unchanged: 0,
  failed: 1,
  failures: [{ name: "CIK0000320193", cik: 320193, message: "company facts: not valid JSON at byte 40960" }],
  warnings: [],
  through_day: null,
  error: null,
  created_by: null,
  created_at: "2026-01-30T06:00:00Z",
  updated_at: "2026-01-30T06:01:40Z",
  started_at: "2026-01-30T06:00:00Z",
  finished_at: "2026-01-30T06:01:40Z",
};
// newproject:end

/** A place of each route, or several. */
const places: Record<string, Visit[]> = {
  "/": [{ path: "/", shows: /For programs/ }, { path: "/", shows: /Audit events/, signedIn: true }],
  // newproject:companies
  "/companies": [{ path: "/companies", shows: /Apple Inc\./ }, { path: "/companies?q=zzzzqq", shows: /No company matches/ }],
  "/companies/{ticker}": [
    { path: "/companies/AAPL", shows: /Free cash flow/ },
    { path: "/companies/AAPL?as_of=2012-12-31&period=quarterly&growth=yes", shows: /Free cash flow/ },
    { path: "/companies/NOSUCH1", shows: /No company has the ticker/, errors: none },
    { path: "/companies/MSFT", shows: /No annual statements are known/ },
  ],
  "/companies/{ticker}/metrics": [{ path: "/companies/AAPL/metrics", shows: /Altman/ }],
  "/companies/{ticker}/charts": [{ path: "/companies/AAPL/charts", shows: /Margins/ }],
  "/companies/{ticker}/ratios": [{ path: "/companies/AAPL/ratios", shows: /All ratios of/ }, { path: "/companies/MRVL/ratios", shows: /There are no prices of MRVL/ }],
  "/companies/{ticker}/dividends": [{ path: "/companies/AAPL/dividends", shows: /4 for 1/ }],
  "/companies/{ticker}/entries": [
    { path: "/companies/SNOW/entries", shows: /Sign in as a superuser/ },
    { path: "/companies/SNOW/entries", shows: /No statement was entered by hand/, signedIn: true },
    { path: "/companies/SNOW/entries?edit=statement", shows: /Amounts are in/, signedIn: true },
    { path: "/companies/SNOW/entries?edit=dividend", shows: /Ex-dividend day/, signedIn: true },
  ],
  "/compare": [{ path: "/compare", shows: /Add the companies to compare/ }, { path: "/compare?tickers=AAPL,MRVL,SNOW", shows: /Over time/ }],
  "/metrics": [{ path: "/metrics", shows: /Piotroski/ }],
  "/imports": [{ path: "/imports", shows: /Sign in to see this/, errors: none }, { path: "/imports", shows: /prices-AAPL\.csv/, signedIn: true }],
  "/imports/{id}": [{ path: "/imports/2", shows: /What was read of the company facts/, signedIn: true }],
  "/syncs": [{ path: "/syncs", shows: /Nothing was brought yet/, signedIn: true }],
  "/syncs/{id}": [{ path: "/syncs/1", shows: /not valid JSON at byte 40960/, signedIn: true }],
  // newproject:end
  "/sign-in": [{ path: "/sign-in", shows: /Password forgotten/ }, { path: "/sign-in", shows: /You are signed in as/, signedIn: true }],
  "/register": [{ path: "/register", shows: /Name \(optional\)/ }],
  "/recover-password": [{ path: "/recover-password", shows: /You get a mail/ }],
  "/reset-password": [{ path: "/reset-password", shows: /Open the link of the mail again/ }, { path: "/reset-password#token=x", shows: /New password/ }],
  "/activate": [{ path: "/activate#token=x", shows: /If you registered here/ }],
  "/confirm-email": [{ path: "/confirm-email#token=x", shows: /From then on/ }],
  "/account": [{ path: "/account", shows: /Second factor/, signedIn: true }],
  "/users": [{ path: "/users", shows: /Sign in to see this/, errors: none }, { path: "/users", shows: /admin@example\.com/, signedIn: true }],
  "/users/{id}": [{ path: "/users/1", shows: /This is your own account/, signedIn: true }, { path: "/users/{user}", shows: /Delete the account/, signedIn: true }],
  "/audit-events": [{ path: "/audit-events", shows: /Signed in/, signedIn: true }],
  other: [{ path: "/no/such/address", shows: /There is nothing at this address/, errors: none }],
};

test("has a place of every route", () => {
  expect(Object.keys(places).filter((p) => p !== "other").sort()).toEqual([...routes].sort());
});

const widths: [number, BrowserContextOptions][] = [
  [1400, { viewport: { width: 1400, height: 900 } }],
  [390, { viewport: { width: 390, height: 844 }, hasTouch: true }],
];

/** A page of its own, signed in as the superuser or not. */
async function visitor(options: BrowserContextOptions, isSignedIn: boolean): Promise<Page> {
  const page = await open("/sign-in", { bypassCSP: true, colorScheme: "light", reducedMotion: "reduce", ...options });
  if (isSignedIn) await signIn(page);
  return page;
}

for (const [width, options] of widths) {
  test(`shows every route well, ${String(width)} wide`, { timeout: 240_000 }, async () => {
    const user = await newUser({ full_name: "Annie Easley" });
    for (const isSignedIn of [false, true]) {
      const page = await visitor(options, isSignedIn);
      for (const [route, visits] of Object.entries(places)) {
        for (const [i, { path, shows, signedIn = false, errors }] of visits.entries()) {
          if (signedIn !== isSignedIn) continue;
          if (route === "/syncs/{id}") await page.route("**/api/v1/syncs/1", (r) => r.fulfill({ json: sync })); // newproject:companies
          await page.goto(path.replace("{user}", String(user.id)));
          await page.getByRole("main").getByText(shows).first().waitFor();
          await settle(page);
          await check(page, `${route.replace(/\W+/g, "-").replace(/^-|-$/g, "") || "home"}-${String(i)}-${String(width)}`);
          if (errors) expectErrors(errors);
          await page.unrouteAll();
        }
      }
    }
  });

  test(`shows what opens well, ${String(width)} wide`, { timeout: 120_000 }, async () => {
    const page = await visitor(options, true);
    const see = (name: string) => check(page, `open-${name}-${String(width)}`);
    await page.goto("/account");
    await settle(page);
    await page.getByRole("button", { name: /^Account of/ }).click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await see("account-menu");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByText("Colours").first().waitFor();
    await see("menu");
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await see("keys");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByRole("dialog", { name: "Change password" }).waitFor();
    await see("dialog");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByRole("textbox", { name: "Days until it expires" }).or(page.getByRole("spinbutton", { name: "Days until it expires" })).waitFor();
    await see("new-key");
    await page.goto("/users");
    await page.getByRole("textbox", { name: "Email" }).fill("not an address");
    await page.getByRole("textbox", { name: "Password" }).fill("short");
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByText(/^Password must/).waitFor();
    await see("mistakes");
    expectErrors(/status of 422/);

    // newproject:companies
    await page.goto("/companies/AAPL");
    await settle(page);
    await page.getByRole("button", { name: "As known today" }).click();
    await page.getByRole("spinbutton").first().waitFor();
    await see("as-of");
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type("app");
    await page.getByRole("option", { name: /^Apple/ }).waitFor();
    await see("search");
    await page.keyboard.press("Escape");
    await page.goto("/companies/AAPL");
    await settle(page);
    await page.getByRole("button", { name: "391,035" }).click();
    await page.getByRole("dialog").getByText("10-K filed Nov 1, 2024").waitFor();
    await see("proof");
    await page.goto("/companies/AAPL/metrics");
    await settle(page);
    await page.getByRole("heading", { name: "Piotroski F" }).getByRole("button").click();
    await page.getByRole("link", { name: "In the list of all metrics" }).waitFor();
    await see("definition");
    await page.goto("/compare?tickers=AAPL,MRVL");
    await settle(page);
    await page.getByText(/^Choose metrics/).click();
    await page.getByRole("searchbox", { name: "Find a metric" }).waitFor();
    await see("metric-picker");
    await page.getByRole("combobox", { name: "Add a company" }).fill("snow");
    await page.getByRole("option", { name: /Snowflake/ }).waitFor();
    await see("company-picker");
    await page.goto("/companies/AAPL");
    await page.getByText("About the company").click();
    await settle(page);
    await see("about");
    // newproject:end
  });
}

// newproject:companies
test("writes numbers and days as the reader's locale does", async () => {
  const page = await open("/companies/AAPL", { bypassCSP: true, locale: "de-DE" });
  await page.getByRole("button", { name: "391.035" }).waitFor();
  await page.getByText("01.11.2024").first().waitFor();
  await page.getByRole("button", { name: "6,08", exact: true }).first().waitFor();
  await settle(page);
  await check(page, "companies-ticker-1400-de");
  await page.getByRole("button", { name: "As known today" }).click();
  await page.getByRole("spinbutton").first().click();
  await page.keyboard.type("31122012");
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("as_of") === "2012-12-31");
  await page.getByRole("button", { name: "As known on 31.12.2012" }).waitFor();
  await page.goto("/companies/AAPL/ratios");
  await page.getByText(/^17,97$/).first().waitFor();
  await settle(page);
  await check(page, "ratios-1400-de");
  await page.goto("/companies/AAPL/charts");
  await page.getByText(/416,2.Mrd\..\$/).first().waitFor();
  await check(page, "charts-1400-de");
});
// newproject:end
