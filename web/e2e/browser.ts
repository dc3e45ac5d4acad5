import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { createClient, login, unwrap } from "@edgevalue/client";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing: make test-web sets it`);
  return value;
}

/** The running server and its superuser. */
export const baseURL = variable("EDGEVALUE_TEST_URL");
export const superuser = { email: variable("EDGEVALUE_TEST_SUPERUSER"), password: variable("EDGEVALUE_TEST_PASSWORD") };

/** The API, as it says to everybody what the page shows. */
export const api = createClient({ baseUrl: baseURL });

/** The API as the superuser uses it. */
export const operator = async () => createClient({ baseUrl: baseURL, token: await login({ baseUrl: baseURL, ...superuser }) });

/** A new account that is active. Each test has its own. */
export async function newUser(of: { full_name?: string; is_superuser?: boolean } = {}): Promise<{ id: number; email: string; password: string }> {
  const email = `${randomUUID()}@example.com`;
  const password = `old ferry ${randomUUID()}`;
  const { id } = await unwrap((await operator()).POST("/users", { body: { email, password, ...of } }));
  return { id, email, password };
}

// newproject:companies
/** A new company without data. Each test that writes has its own. */
export async function newCompany(): Promise<{ ticker: string; name: string }> {
  const ticker = `T${randomUUID().replaceAll("-", "").slice(0, 9).toUpperCase()}`;
  const name = `Test ${ticker} Inc.`;
  await unwrap((await operator()).POST("/companies", { body: { name, listings: [{ ticker, currency: "USD", primary: true }] } }));
  return { ticker, name };
}
// newproject:end

let browser: Browser;
const contexts: BrowserContext[] = [];
const errors: string[] = [];

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: variable("CHROMIUM"), args: ["--no-sandbox"] });
});
afterAll(() => browser.close());
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((c) => c.close()));
  expect(errors.splice(0)).toEqual([]);
});

/** What a page may log as an error in a test that provokes it. */
export function expectErrors(pattern: RegExp): void {
  for (let i = errors.length - 1; i >= 0; i--) if (pattern.test(errors[i] ?? "")) errors.splice(i, 1);
}

/** A browser of its own at a width of 1400. What it logs as an error fails the test. */
export async function open(path = "/", options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ baseURL, viewport: { width: 1400, height: 900 }, locale: "en-US", ...options });
  context.setDefaultTimeout(15_000);
  contexts.push(context);
  context.on("console", (m) => {
    if (m.type() === "error") errors.push(`${m.page()?.url() ?? ""}: ${m.text()}`);
  });
  context.on("weberror", (e) => errors.push(`${e.page()?.url() ?? ""}: ${e.error().message}`));
  const page = await context.newPage();
  await page.goto(path);
  return page;
}

/** Sends the form of /sign-in, which the page has open. */
export async function credentials(page: Page, { email, password }: { email: string; password: string }): Promise<void> {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
}

/** Signs in on the page /sign-in. */
export async function signIn(page: Page, as: { email: string; password: string } = superuser): Promise<void> {
  await page.goto("/sign-in");
  await credentials(page, as);
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

/** Whether an element has the focus. */
export const hasFocus = (of: Locator): Promise<boolean> => of.evaluate((e) => e === document.activeElement);

/** What stands beside a field because of a mistake in it. */
export const mistakeOf = (field: Locator): Promise<string> =>
  field.evaluate((e) => {
    const ids = e.getAttribute("aria-invalid") === "true" ? (e.getAttribute("aria-describedby") ?? "").split(" ") : [];
    return ids.map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
  });

/** A picture for a look, in screenshots. */
export async function picture(page: Page, name: string): Promise<void> {
  await mkdir("screenshots", { recursive: true });
  await page.screenshot({ path: `screenshots/${name}.png` });
}

/** A way to the server that can be shut. */
export class Gate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  constructor() {
    const { hostname, port } = new URL(baseURL);
    this.#server = createServer((from) => {
      const to = connect(Number(port), hostname);
      for (const socket of [from, to]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined).on("close", () => {
          this.#sockets.delete(socket);
          from.destroy();
          to.destroy();
        });
      }
      from.pipe(to).pipe(from);
    });
  }

  get url(): string {
    return `http://localhost:${String(this.#port)}`;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "localhost", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async shut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
