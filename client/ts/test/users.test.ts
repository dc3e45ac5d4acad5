import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { createClient, isProblem, localDate, login, pages, ProblemError, unwrap, type ApiClient, type Schemas, type Session } from "@edgevalue/client";
import { fake, problem } from "./fake.js";
import { baseUrl, email, password } from "./server.js";

let session: Session;
let client: ApiClient;
before(async () => {
  session = await login({ baseUrl, email, password });
  client = createClient({ baseUrl, token: session });
});
after(() => session.logout());

void test("creates, reads, changes and deletes", async () => {
  const address = `ada${String(Date.now())}@example.com`;
  const body = { email: address, password: "seven tulips ate a cat" };
  const { id } = await unwrap(client.POST("/users", { body }));
  const path = { id };
  const taken = await client.POST("/users", { body });
  assert.equal(taken.data, undefined);
  assert.ok(isProblem(taken.error, "email-taken"));
  assert.equal(taken.error.status satisfies 409, 409);
  assert.ok(!isProblem(taken.error, "not-found", "invalid"));
  assert.equal((await unwrap(client.PATCH("/users/{id}", { params: { path }, body: { full_name: "Ada" } }))).full_name, "Ada");
  assert.equal((await unwrap(client.GET("/users/{id}", { params: { path } }))).email, address);
  await unwrap(client.DELETE("/users/{id}", { params: { path } }));
  await assert.rejects(unwrap(client.GET("/users/{id}", { params: { path } })), (e: unknown) => isProblem(e, "not-found") && e instanceof ProblemError);
});

void test("tells which values are wrong", async () => {
  const error: unknown = await unwrap(client.POST("/users", { body: { email: "ada", password: "x" } })).catch((e: unknown) => e);
  assert.ok(isProblem(error, "invalid"));
  assert.deepEqual(error.errors?.map((e) => e.field).sort(), ["/email", "/password"]);
  assert.ok(error instanceof ProblemError);
  assert.match(error.message, /\/email must be an email address/);
});

void test("pages through a list", async () => {
  const made: number[] = [];
  for (let i = 0; i < 3; i++) {
    const body = { email: `page${String(i)}${String(Date.now())}@example.com`, password: "seven tulips ate a cat" };
    made.push((await unwrap(client.POST("/users", { body }))).id);
  }
  const all: Schemas["User"][] = [];
  const list = pages(client.GET, "/users", { params: { query: { page_size: 2 } } });
  for await (const user of list) all.push(user);
  assert.ok(all.length >= 4);
  assert.equal(new Set(all.map((u) => u.id)).size, all.length);
  const sizes: number[] = [];
  let second: string | null = null;
  for await (const page of list.byPage()) {
    sizes.push(page.items.length);
    second ??= page.next_page_token;
  }
  assert.equal(sizes[0], 2);
  assert.equal(sizes.length, Math.ceil(all.length / 2));
  assert.ok(second);
  const rest: number[] = [];
  for await (const user of pages(client.GET, "/users", { params: { query: { page_size: 2, page_token: second } } })) rest.push(user.id);
  assert.deepEqual(rest, all.slice(2).map((u) => u.id));
  for (const id of made) await unwrap(client.DELETE("/users/{id}", { params: { path: { id } } }));
  assert.ok(pages(client.GET, "/users"));
  // @ts-expect-error its answer has no pages
  assert.ok(pages(client.GET, "/users/me"));
  // @ts-expect-error there is no such parameter
  assert.ok(pages(client.GET, "/users", { params: { query: { size: 2 } } }));
});

void test("fetches the pages that are needed, until an abort or an error", async () => {
  const { baseUrl, received } = await fake((_, n) =>
    n === 3 ? problem("internal", 500) : { body: { items: [{ id: 2 * n }, { id: 2 * n + 1 }], next_page_token: `p${String(n)}` } },
  );
  const client = createClient({ baseUrl });
  const got: number[] = [];
  const list = pages(client.GET, "/users", { params: { query: { page_size: 2 } } });
  assert.equal(received.length, 0);
  for await (const user of list) {
    got.push(user.id);
    if (got.length === 2) break;
  }
  assert.deepEqual(received.map((r) => r.path), ["/api/v1/users?page_size=2"]);
  await assert.rejects(
    async () => {
      for await (const user of list) got.push(user.id);
    },
    (e: unknown) => isProblem(e, "internal"),
  );
  assert.deepEqual(got, [2, 3, 4, 5]);
  const controller = new AbortController();
  await assert.rejects(
    async () => {
      for await (const user of pages(client.GET, "/users", { signal: controller.signal })) {
        got.push(user.id);
        controller.abort();
      }
    },
    { name: "AbortError" },
  );
  assert.deepEqual(got, [2, 3, 4, 5, 8]);
});

void test("tells problems from all else", () => {
  const body = { type: "https://api.example.com/problems/not-found", title: "Not found", status: 404 };
  const { response } = { response: new Response(null, { status: 502, statusText: "Bad Gateway", headers: { "X-Request-Id": "7" } }) };
  for (const [value, any, notFound] of [
    [body, true, true],
    [{ ...body, type: "/problems/not-found" }, true, true],
    [{ ...body, type: "/problems/really-not-found" }, true, false],
    [new ProblemError(body, response), true, true],
    [new ProblemError("<html>", response), true, false],
    [new Error("x"), false, false],
    [undefined, false, false],
    [null, false, false],
    ["not-found", false, false],
    [{ type: "/problems/not-found" }, false, false],
  ] as const) {
    assert.equal(isProblem(value), any, inspect(value));
    assert.equal(isProblem(value, "not-found"), notFound, inspect(value));
  }
  const error = new ProblemError("<html>", response);
  assert.equal(error.message, "502 Bad Gateway");
  assert.equal(error.request_id, "7");
  assert.deepEqual(error.problem, { type: "about:blank", title: "Bad Gateway", status: 502 });
  assert.ok(!("detail" in error || "errors" in error), "what it does not have, it has not");
  const whole = new ProblemError({ ...body, detail: "d", errors: [] }, response);
  assert.deepEqual([whole.detail, whole.errors], ["d", []]);
  // @ts-expect-error there is no such type
  assert.ok(!isProblem(error, "not-fond"));
});

void test("days are of this machine", () => {
  const day = localDate("2015-09-26");
  assert.deepEqual([day.getFullYear(), day.getMonth(), day.getDate(), day.getHours()], [2015, 8, 26, 0]);
  assert.equal(localDate("2024-02-29").getDate(), 29);
  assert.equal(localDate("0099-01-01").getFullYear(), 99);
  for (const wrong of ["2023-02-29", "2015-13-01", "2015-9-26", "2015-09-26T00:00:00Z", ""]) {
    assert.throws(() => localDate(wrong), RangeError, wrong);
  }
});
