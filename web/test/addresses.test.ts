// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { addresses } from "../src/addresses.ts";
import { router } from "../src/router.tsx";

// The server answers the addresses of the list: they are those that the router knows.
it("lists the addresses of the router", () => {
  const known = Object.keys(router.routesByPath).map((path) => (path.length > 1 ? path.replace(/\/$/, "") : path).replaceAll(/\$(\w+)/g, "{$1}"));
  expect([...new Set(known)].sort()).toEqual([...addresses].sort());
});

// The router hands to a route what it has made of an address before.
it("allows again what a route made of an address", () => {
  const search = { as_of: "2015-11-15", q: "x", exchange: "NYSE", figures: "true", sort: "name", period: "quarterly", basis: "filed", growth: "yes", rejected: "shown", scale: "log", range: "1y", show: "pe", next: "/users", after: "registered", edit: "split", since: "2020-01-01", action: "login.failed" };
  let kept = 0;
  for (const { options } of Object.values(router.routesById)) {
    const validate = options.validateSearch as ((search: Record<string, unknown>) => Record<string, unknown>) | undefined;
    if (!validate) continue;
    const made = validate(search);
    kept += Object.keys(made).length;
    expect(validate(made)).toEqual(made);
  }
  expect(kept).toBeGreaterThan(0);
});
