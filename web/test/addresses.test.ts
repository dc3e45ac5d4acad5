// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { addresses } from "../src/addresses.ts";
import { router } from "../src/router.tsx";

// The server answers the addresses of the list: they are those that the router knows.
it("lists the addresses of the router", () => {
  const known = Object.keys(router.routesByPath).map((path) => (path.length > 1 ? path.replace(/\/$/, "") : path).replaceAll(/\$(\w+)/g, "{$1}"));
  expect([...new Set(known)].sort()).toEqual([...addresses].sort());
});
