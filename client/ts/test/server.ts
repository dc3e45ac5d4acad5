import assert from "node:assert/strict";

function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is missing: go test ./client/ts sets it`);
  return value;
}

/** The running server and its superuser. */
export const baseUrl = variable("EDGEVALUE_TEST_URL");
export const email = variable("EDGEVALUE_TEST_SUPERUSER");
export const password = variable("EDGEVALUE_TEST_PASSWORD");
