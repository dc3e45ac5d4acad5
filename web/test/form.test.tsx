// @vitest-environment happy-dom
import { ProblemError } from "@edgevalue/client";
import { describe, expect, it } from "vitest";
import { safeNext } from "../src/accounts/next.ts";
import { program } from "../src/accounts/program.ts";
import { NoAnswer } from "../src/api.ts";
import { mistakes } from "../src/ui/form.tsx";

const problem = (status: number, body: object, headers = {}) =>
  new ProblemError({ type: "/problems/invalid", title: "Invalid values", status, ...body }, new Response(null, { status, headers }));

const invalid = (...errors: [string, string][]) =>
  problem(422, { detail: "the request has invalid values", errors: errors.map(([field, message]) => ({ field, message })) });

describe("mistakes", () => {
  it("stand beside the fields that they name", () => {
    expect(mistakes(invalid(["/email", "must be an email address"], ["/current_password", "is wrong"]), ["email", "current_password"])).toEqual({
      fields: { email: "must be an email address", current_password: "is wrong" },
      rest: [],
    });
  });

  it("of a part stand beside the nearest whole", () => {
    const error = invalid(["/listings/0/ticker", "is taken"], ["/listings/1/isin", "is wrong"], ["/listings/10", "is too much"]);
    expect(mistakes(error, ["listings", "listings/1", "listings/0/ticker"])).toEqual({
      fields: { "listings/0/ticker": "is taken", "listings/1": "is wrong", listings: "is too much" },
      rest: [],
    });
  });

  it("of one field stand together", () => {
    expect(mistakes(invalid(["/scopes/0", "is wrong"], ["/scopes/1", "is too much"]), ["scopes"]).fields).toEqual({ scopes: "is wrong; is too much" });
  });

  it("of no field stand above, with what they are about", () => {
    expect(mistakes(invalid(["/token", "is not valid, was used or has expired"], ["", "must not be empty"]), ["new_password"]).rest).toEqual([
      "Token is not valid, was used or has expired.",
      "Must not be empty.",
    ]);
  });

  it.each([
    ["of a problem without fields", problem(409, { detail: "the account has no second factor" }), "The account has no second factor."],
    ["of too many attempts", problem(429, { type: "/problems/rate-limited" }, { "Retry-After": "61" }), "Too many attempts. Try again in 2 minutes."],
    ["of the server", problem(500, { request_id: "3f2b" }), "The server made a mistake. Try again later; its log has request 3f2b."],
    ["of a proxy", problem(502, {}), "The server does not answer. Try again in a moment."],
    ["of the network", new NoAnswer(), "The server does not answer. Try again in a moment."],
    ["of the page", new Error("Cannot read properties of null"), "This did not work. Try again."],
  ])("are said in plain words: %s", (_, error, said) => expect(mistakes(error, ["email"])).toEqual({ fields: {}, rest: [said] }));

  it("are none before anything was sent", () => expect(mistakes(null, ["email"])).toEqual({ fields: {}, rest: [] }));
});

describe("where signing in leads", () => {
  it.each([
    ["/", "/"],
    ["/account", "/account"],
    ["/companies/BRK.B?as_of=2015-09-26#cash", "/companies/BRK.B?as_of=2015-09-26#cash"],
    ["/jobs/1", "/jobs/1"],
    ["/a/../account", "/account"],
    ["https://example.com/", undefined],
    ["//example.com/", undefined],
    ["/\\example.com/", undefined],
    ["/\t/example.com/", undefined],
    ["/.//example.com/", undefined],
    ["/a/..//example.com/", undefined],
    ["javascript:alert(1)", undefined],
    ["account", undefined],
    ["", undefined],
    [undefined, undefined],
    ["/sign-in?next=/account", undefined],
    ["/register", undefined],
    ["/register-of-deeds", "/register-of-deeds"],
  ])("%s", (next, path) => expect(safeNext(next, "https://value.example")).toBe(path));
});

describe("the program of a session", () => {
  it.each([
    ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", "Chrome, Windows"],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge, Windows"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15", "Safari, macOS"],
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", "Safari, iOS"],
    ["Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome, Android"],
    ["curl/8.5.0", "curl/8.5.0"],
    ["Mozilla/5.0 (compatible; Something/1.0; +https://something.example/about)", "Mozilla/5.0 (compatible; Something/1.0; …"],
  ])("%s", (userAgent, said) => expect(program(userAgent)).toBe(said));
});
