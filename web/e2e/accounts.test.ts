import { createHmac, randomUUID } from "node:crypto";
import { unwrap } from "@edgevalue/client";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { baseURL, credentials, expectErrors, hasFocus, mistakeOf, newUser, open, operator, picture, signIn, superuser } from "./browser.ts";

const menu = (page: Page) => page.getByRole("button", { name: /^Account of/ });

/** The code that an authenticator app shows, some steps of 30 seconds from now (RFC 6238). */
function code(secret: string, steps = 0): string {
  const bits = Array.from(secret.replace(/\s/g, ""), (c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("refuses a wrong password, and does not tell who has an account", async () => {
  const page = await open("/sign-in");
  const button = page.getByRole("main").getByRole("button", { name: "Sign in" });
  const said: string[] = [];
  for (const email of [superuser.email, `${randomUUID()}@example.com`]) {
    await page.reload();
    await credentials(page, { email, password: "wrong wrong wrong" });
    said.push(await page.getByRole("main").getByRole("alert").innerText());
    await expect.poll(() => button.isEnabled()).toBe(true);
    // Who types goes on from there, and has lost nothing.
    expect(await hasFocus(button)).toBe(true);
    expect(await page.getByLabel("Email").inputValue()).toBe(email);
  }
  expect(said).toEqual(["Wrong email or password.", "Wrong email or password."]);
  expect(new URL(page.url()).pathname).toBe("/sign-in");
  await page.getByRole("banner").getByRole("link", { name: "Sign in" }).waitFor();
  await picture(page, "wrong-password-1400-light");
  // The password can be looked at.
  await page.getByRole("button", { name: "Show Password" }).click();
  expect(await page.getByLabel("Password", { exact: true }).getAttribute("type")).toBe("text");
  expectErrors(/status of 401/);
});

test("signs in with a cookie that scripts cannot read, and out again", async () => {
  const user = await newUser({ full_name: "Ada Lovelace" });
  const page = await open("/account");
  await page.waitForURL((url) => url.pathname === "/sign-in" && url.searchParams.get("next") === "/account");
  await credentials(page, user);
  await page.waitForURL("**/account");
  await page.getByRole("heading", { level: 1, name: "Account" }).waitFor();

  expect(await page.evaluate(() => document.cookie)).toBe("");
  const cookies = await page.context().cookies();
  expect(cookies).toHaveLength(1);
  expect(cookies[0]).toMatchObject({ httpOnly: true, sameSite: "Strict", path: "/" });

  await menu(page).click();
  const panel = page.getByRole("dialog", { name: "Your account" });
  await panel.getByText("Ada Lovelace").waitFor();
  await panel.getByText(user.email).waitFor();
  expect(await panel.getByRole("link").allInnerTexts()).toEqual(["Account"]);
  await panel.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("banner").getByRole("link", { name: "Sign in" }).waitFor();
  expect(await page.context().cookies()).toEqual([]);
  await page.goto("/account");
  await page.waitForURL((url) => url.pathname === "/sign-in");
});

test("leads only to addresses of this server after signing in", async () => {
  const user = await newUser();
  for (const [next, path] of [["/compare?tickers=AAPL", "/compare"], ["//example.com/x", "/"], ["https://example.com/x", "/"], ["javascript:alert(1)", "/"]] as const) {
    const page = await open(`/sign-in?next=${encodeURIComponent(next)}`);
    const here = new URL(page.url()).origin;
    await credentials(page, user);
    await menu(page).waitFor();
    await expect.poll(() => new URL(page.url()).pathname).toBe(path);
    expect(new URL(page.url()).origin).toBe(here);
  }
});

test("registers, and does not tell who has an account", async () => {
  const page = await open("/register");
  for (const email of [`${randomUUID()}@example.com`, superuser.email]) {
    await page.goto("/register");
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password", { exact: true }).fill("three uncommon words 77");
    await page.getByRole("button", { name: "Register" }).click();
    await page.getByText("A mail is on its way.").waitFor();
  }
});

test("says a mistake beside its field", async () => {
  const page = await open("/register");
  await page.getByLabel("Email").fill("not an address");
  const password = page.getByLabel("Password", { exact: true });
  await password.fill("password1234");
  await page.getByRole("button", { name: "Register" }).click();
  await expect.poll(() => mistakeOf(page.getByLabel("Email"))).toMatch(/^Email must be/);
  expect(await mistakeOf(password)).toMatch(/^Password /);
  await expect.poll(() => hasFocus(page.getByLabel("Email"))).toBe(true);
  await picture(page, "register-mistakes-1400-light");
  // What is corrected is no mistake any more; the other one stays.
  await page.getByLabel("Email").fill(`${randomUUID()}@example.com`);
  expect(await mistakeOf(page.getByLabel("Email"))).toBe("");
  expect(await mistakeOf(password)).not.toBe("");
  await password.fill("three uncommon words 78");
  await page.getByRole("button", { name: "Register" }).click();
  await page.getByText("A mail is on its way.").waitFor();
  expectErrors(/status of 422/);
});

test("recovers a password without telling who has an account", async () => {
  const page = await open("/sign-in");
  await page.getByRole("link", { name: "Password forgotten?" }).click();
  await page.getByLabel("Email").fill(`${randomUUID()}@example.com`);
  await page.getByRole("button", { name: "Send the mail" }).click();
  await page.getByText("If an account has this email, a mail with a link is on its way.").waitFor();
  await page.goto("/reset-password#token=nonsense");
  await page.getByLabel("New password").fill("three uncommon words 79");
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByText("This link is not valid, was used, or is too old.").waitFor();
  expect(page.url()).not.toContain("nonsense");
  expectErrors(/status of 4\d\d/);
});

test("takes a second factor", async () => {
  const user = await newUser();
  const page = await open("/");
  await signIn(page, user);
  await page.goto("/account");
  await page.getByRole("button", { name: "Set up" }).click();
  const asks = page.getByRole("dialog", { name: "Set up a second factor" });
  await asks.getByLabel("Current password").fill("wrong wrong wrong");
  await asks.getByRole("button", { name: "Go on" }).click();
  await expect.poll(() => mistakeOf(asks.getByLabel("Current password"))).not.toBe("");
  await asks.getByLabel("Current password").fill(user.password);
  await asks.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("img", { name: /^QR code/ }).waitFor();
  await picture(page, "second-factor-1400-light");
  const secret = (await page.getByRole("code").filter({ hasText: /^[A-Z2-7 ]{20,}$/ }).innerText()).replace(/\s/g, "");
  await page.getByLabel("Code from the app").fill(code(secret));
  await page.getByRole("button", { name: "Turn on" }).click();
  const codes = page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem");
  await codes.first().waitFor();
  const [recovery = ""] = await codes.allInnerTexts();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await page.getByText("On.", { exact: true }).waitFor();

  const other = await open("/sign-in");
  await credentials(other, user);
  const field = other.getByLabel("Code", { exact: true });
  await field.waitFor();
  expect(await hasFocus(field)).toBe(true);
  await field.fill("000000");
  await other.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await other.getByRole("alert").getByText("This code is wrong, or was used before. Wait for the next one.").waitFor();
  await field.fill(code(secret, 1));
  await other.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await menu(other).waitFor();

  const third = await open("/sign-in");
  await credentials(third, user);
  await third.getByLabel("Code", { exact: true }).fill(recovery);
  await third.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await menu(third).waitFor();
  expectErrors(/status of 4\d\d/);
});

test("knows in each tab that one has signed out", async () => {
  const user = await newUser();
  const page = await open("/");
  await signIn(page, user);
  const other = await page.context().newPage();
  await other.goto("/account");
  await other.getByText(user.email).first().waitFor();
  await menu(page).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await other.getByRole("main").getByText("You are not signed in any more.").waitFor();
  await other.getByRole("banner").getByRole("link", { name: "Sign in" }).waitFor();
  expect(await other.getByText(user.email).count()).toBe(0);
  expectErrors(/status of 401/);
});

test("says that a session was ended elsewhere", async () => {
  const user = await newUser();
  const page = await open("/");
  await signIn(page, user);
  await page.goto("/account");
  await page.getByRole("button", { name: "Change name" }).click();
  await unwrap((await operator()).PATCH("/users/{id}", { params: { path: { id: user.id } }, body: { is_active: false } }));
  const dialog = page.getByRole("dialog", { name: "Change name" });
  await dialog.getByLabel("Name").fill("Grace");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("You are not signed in any more.").first().waitFor();
  expectErrors(/status of 401/);
});

test("changes the name and the password, and makes an API key", async () => {
  const user = await newUser();
  const page = await open("/");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await signIn(page, user);
  await page.goto("/account");
  await page.getByRole("button", { name: "Change name" }).click();
  const naming = page.getByRole("dialog", { name: "Change name" });
  await naming.getByLabel("Name").fill("Grace Hopper");
  await naming.getByRole("button", { name: "Save" }).click();
  await naming.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Account of Grace Hopper" }).waitFor();

  await page.getByRole("button", { name: "New key" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("notebook");
  await page.getByLabel("Current password").fill(user.password);
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("The key notebook is ready.").waitFor();
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByText("Copied.").waitFor();
  const key = await page.evaluate(() => navigator.clipboard.readText());
  // A key is known, but may do nothing with accounts.
  const asks = async () => (await fetch(`${baseURL}/api/v1/users/me`, { headers: { Authorization: `Bearer ${key}` } })).status;
  expect(await asks()).toBe(403);
  await page.getByRole("button", { name: "Revoke the key notebook" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("No API keys yet.").waitFor();
  expect(await asks()).toBe(401);

  await page.getByRole("button", { name: "Change password" }).click();
  const changing = page.getByRole("dialog", { name: "Change password" });
  await changing.getByLabel("Current password").fill(user.password);
  await changing.getByLabel("New password").fill("three uncommon words 80");
  await changing.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Your password is changed, and all of your sessions have ended.").waitFor();
  await credentials(page, { email: user.email, password: "three uncommon words 80" });
  await page.waitForURL("**/account");
});
