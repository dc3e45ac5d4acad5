import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { createClient, version, type ApiClient, type ApiPaths } from "@edgevalue/client";
import { calls } from "./operations_gen.js";

// The compiler finds an operation that is not called, and a call without a parameter that its operation needs.
type Methods<Item> = { [Method in keyof Item]: Item[Method] extends { responses: unknown } ? Method : never }[keyof Item];
type Operations = { [Path in keyof ApiPaths]: `${Uppercase<Methods<ApiPaths[Path]> & string>} ${Path}` }[keyof ApiPaths];
const every: Record<Operations, (client: ApiClient) => Promise<{ response: Response }>> = calls;

void test("sends each operation as the contract has it", async () => {
  const sent = new Set<string>();
  for (const [operation, call] of Object.entries(every)) {
    const client = createClient({
      baseUrl: "http://localhost",
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        assert.ok(pathname.startsWith("/api/v1/"), pathname);
        assert.doesNotMatch(pathname, /[{}]|%7B|undefined/, operation);
        sent.add(`${request.method} ${pathname}`);
        const body = await request.text();
        if (body === "") return new Response(null, { status: 204 });
        const type = request.headers.get("Content-Type");
        if (type === "application/x-www-form-urlencoded") assert.match(body, /^grant_type=/);
        else if (type === "application/json") assert.equal(typeof JSON.parse(body), "object", operation);
        else assert.equal(type, "application/octet-stream", operation);
        return new Response(null, { status: 204 });
      },
    });
    const { response } = await call(client);
    assert.equal(response.status, 204);
  }
  assert.ok(sent.size > 20);
});

void test("the package has the version of the contract", async () => {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  assert.equal((JSON.parse(text) as { version: string }).version, version);
});

void test("what is refused of a point in time is not sent", async () => {
  const client = createClient({ baseUrl: "http://localhost", asOf: "2012-12-31", fetch: () => assert.fail("sent") }) as unknown as ApiClient;
  await assert.rejects(client.GET("/users/me"), /GET \/users\/me does not know as_of: it cannot tell what was known on 2012-12-31/);
  await assert.rejects(client.POST("/logout"), /does not know as_of/);
  await assert.rejects(client.request("delete", "/users/me", { body: { current_password: "x" } }), /does not know as_of/);
});
