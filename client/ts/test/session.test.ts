import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, isProblem, login, pages, ProblemError, resume, unwrap, type Tokens, type TokenStore } from "@edgevalue/client";
import { fake, problem, type Answer } from "./fake.js";
import { email, password, baseUrl } from "./server.js";

/** A store as two tabs share it. */
function shared(): TokenStore & { tokens: Tokens | null } {
  return {
    tokens: null,
    load() {
      return this.tokens;
    },
    save(tokens) {
      this.tokens = tokens;
    },
  };
}

void test("logs in, and out", async () => {
  const session = await login({ baseUrl, email, password });
  const client = createClient({ baseUrl, token: session });
  assert.equal((await unwrap(client.GET("/users/me"))).email, email);
  assert.ok(session.active);
  const token = await session.token();
  await session.logout();
  assert.ok(!session.active);
  assert.ok(isProblem((await client.GET("/users/me")).error, "unauthenticated"));
  assert.ok(token !== undefined);
  assert.ok(isProblem((await createClient({ baseUrl, token }).GET("/users/me")).error, "unauthenticated"), "ended at the server");
  await session.logout();
});

void test("a wrong password", async () => {
  await assert.rejects(login({ baseUrl, email, password: "wrong horse battery" }), (e: unknown) => {
    assert.ok(e instanceof ProblemError && e instanceof Error);
    assert.ok(isProblem(e, "unauthenticated"));
    assert.equal(e.status, 401);
    assert.ok(e.request_id);
    assert.match(String(e), /^ProblemError: 401 /);
    return true;
  });
});

void test("an API key is a token", async () => {
  const session = await login({ baseUrl, email, password });
  const client = createClient({ baseUrl, token: session });
  const { id, key } = await unwrap(client.POST("/api-keys", { body: { name: "test", scopes: ["read"], current_password: password } }));
  const program = createClient({ baseUrl, token: key });
  assert.ok(isProblem((await program.GET("/users/me")).error, "api-key-not-allowed"));
  const names: string[] = [];
  for await (const k of pages(client.GET, "/api-keys")) names.push(k.name);
  assert.ok(names.includes("test"));
  await unwrap(client.DELETE("/api-keys/{id}", { params: { path: { id } } }));
  await session.logout();
});

void test("a refused token is renewed, once for all", async () => {
  const store = shared();
  await login({ baseUrl, email, password, store });
  assert.ok(store.tokens);
  let refreshes = 0;
  const counting = (request: Request) => {
    if (request.url.endsWith("/login/refresh")) refreshes++;
    return fetch(request);
  };
  store.tokens = { ...store.tokens, access_token: "e30.e30.e30" };
  const session = await resume({ baseUrl, store, fetch: counting });
  assert.ok(session);
  const client = createClient({ baseUrl, token: session });
  const users = await Promise.all([1, 2, 3, 4].map(() => unwrap(client.GET("/users/me"))));
  assert.deepEqual(new Set(users.map((u) => u.email)), new Set([email]));
  assert.equal(refreshes, 1);
  assert.notEqual(store.tokens.access_token, "e30.e30.e30");

  // Before it expires.
  store.tokens = { ...store.tokens, expires_at: Date.now() + 1000 };
  const later = await resume({ baseUrl, store, fetch: counting });
  assert.ok(later);
  await Promise.all([later.token(), later.token()]);
  assert.equal(refreshes, 2);

  // The first session takes what the second has stored.
  assert.equal(await session.renew((await session.token()) ?? ""), store.tokens.access_token);
  assert.equal(refreshes, 2);
  await session.logout();
  assert.equal(store.tokens, null);
  assert.equal(await resume({ baseUrl, store }), null);
});

void test("two tabs refresh at the same time", async () => {
  const store = shared();
  await login({ baseUrl, email, password, store });
  assert.ok(store.tokens);
  store.tokens = { ...store.tokens, access_token: "e30.e30.e30" };
  const tabs = [await resume({ baseUrl, store }), await resume({ baseUrl, store })];
  const tokens = tabs.map(async (token) => {
    assert.ok(token);
    await unwrap(createClient({ baseUrl, token }).GET("/users/me"));
    return token.token();
  });
  const [first, second] = await Promise.all(tokens);
  assert.equal(first, second);
  await tabs[0]?.logout();
});

void test("an ended session goes on without a token", async () => {
  const tokens = { access_token: "a", refresh_token: "r", token_type: "bearer", expires_in: 3600, refresh_expires_in: 3600 };
  let over: Answer = problem("unauthenticated", 401);
  const { baseUrl, received } = await fake((request) => {
    if (request.path.endsWith("/access-token")) return { body: tokens };
    if (request.path.endsWith("/refresh")) return over;
    return request.headers.authorization ? problem("unauthenticated", 401) : {};
  });
  const store = shared();
  const session = await login({ baseUrl, email: "a", password: "b", otp: "123456", store });
  assert.equal(received[0]?.body, "grant_type=password&username=a&password=b&otp=123456");
  const client = createClient({ baseUrl, token: session });
  over = problem("internal", 500);
  await assert.rejects(client.GET("/users/me"), (e: unknown) => isProblem(e, "internal"));
  assert.ok(session.active);
  over = problem("unauthenticated", 401);
  assert.ok(isProblem((await client.GET("/users/me")).error, "unauthenticated"));
  assert.ok(!session.active);
  assert.equal(store.tokens, null);
  assert.equal((await client.GET("/users/me")).response.status, 200);
});
