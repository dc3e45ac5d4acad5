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

/** A server whose tokens say of whom they are, and by which answer they came. */
async function sessions(answer: (path: string, token: string | undefined) => Answer | undefined = () => undefined) {
  let n = 0;
  return fake(({ path, headers, body }) => {
    const form = new URLSearchParams(body);
    const name = form.get("username") ?? form.get("refresh_token")?.split("-")[0];
    const other = answer(path, headers.authorization?.slice("Bearer ".length));
    if (other) return other;
    if (!path.includes("/login/")) return {};
    n++;
    return { body: { access_token: `${name ?? ""}-a${String(n)}`, refresh_token: `${name ?? ""}-r${String(n)}`, token_type: "bearer", expires_in: 3600 } };
  });
}

void test("a session stays its own when another account logs in with its store", async () => {
  const { baseUrl, received } = await sessions();
  const store = shared();
  const admin = await login({ baseUrl, email: "admin", password: "x", store });
  const ada = await login({ baseUrl, email: "ada", password: "x", store });
  assert.equal(await admin.token(), "admin-a1");
  assert.equal(await admin.renew("admin-a1"), undefined, "it has ended");
  assert.ok(!admin.active);
  assert.equal(received.length, 2);
  await admin.logout();
  assert.equal(store.tokens?.access_token, "ada-a2");
  assert.equal(await ada.token(), "ada-a2");
  assert.equal(await ada.renew("ada-a2"), "ada-a3");
  assert.equal(store.tokens.access_token, "ada-a3");
});

void test("another account logs in during a renewal", async () => {
  const store = shared();
  const others = { session_id: "other", access_token: "ada-a", refresh_token: "ada-r", expires_at: Date.now() + 3600_000 };
  for (const answer of [undefined, problem("unauthenticated", 401), problem("refresh-token-just-used", 409)]) {
    const { baseUrl } = await sessions((path) => {
      if (!path.endsWith("/refresh")) return undefined;
      store.tokens = others;
      return answer;
    });
    const admin = await login({ baseUrl, email: "admin", password: "x", store });
    assert.equal(await admin.renew("admin-a1"), undefined);
    assert.ok(!admin.active);
    assert.equal(store.tokens, others);
  }
});

void test("a logout ends the session of its account only", async () => {
  const { baseUrl, received } = await sessions();
  const store = shared();
  const admin = await login({ baseUrl, email: "admin", password: "x", store });
  const ada = await login({ baseUrl, email: "ada", password: "x", store });
  await admin.logout();
  assert.equal(received.at(-1)?.headers.authorization, "Bearer admin-a1");
  assert.equal(store.tokens?.access_token, "ada-a2");
  await ada.logout();
  assert.equal(store.tokens, null);
});

void test("a logout in one tab ends the others", async () => {
  const { baseUrl, received } = await sessions();
  const store = shared();
  const first = await login({ baseUrl, email: "ada", password: "x", store });
  const second = await resume({ baseUrl, store });
  await first.logout();
  assert.equal(await second?.renew("ada-a1"), undefined);
  assert.equal(store.tokens, null);
  assert.equal(received.length, 2, "it does not renew what was ended");
});

void test("a tab that slept renews with the newest refresh token", async () => {
  const { baseUrl, received } = await sessions();
  const store = shared();
  const slept = await login({ baseUrl, email: "ada", password: "x", store });
  const other = await resume({ baseUrl, store });
  await other?.renew("ada-a1");
  assert.ok(store.tokens);
  store.tokens = { ...store.tokens, expires_at: Date.now() - 1 };
  await slept.renew("ada-a1");
  assert.match(received.at(-1)?.body ?? "", /refresh_token=ada-r2$/);
});

void test("a logout that the server did not get is told", async () => {
  const unavailable = problem("unavailable", 503);
  for (const c of [
    { name: "the logout fails", answers: { "/logout ada-a1": unavailable }, throws: "unavailable", sent: 1 },
    { name: "the renewal fails", answers: { "/logout ada-a1": problem("unauthenticated", 401), "/refresh": unavailable }, throws: "unavailable", sent: 2 },
    { name: "the token is refused", answers: { "/logout ada-a1": problem("unauthenticated", 401) }, sent: 3 },
    { name: "both are refused", answers: { "/logout ada-a1": problem("unauthenticated", 401), "/refresh": problem("unauthenticated", 401) }, sent: 2 },
    {
      name: "the new token is refused",
      answers: { "/logout ada-a1": problem("unauthenticated", 401), "/logout ada-a2": problem("unauthenticated", 401) },
      sent: 3,
    },
    {
      name: "the second logout fails",
      answers: { "/logout ada-a1": problem("unauthenticated", 401), "/logout ada-a2": unavailable },
      throws: "unavailable",
      sent: 3,
    },
  ] as { name: string; answers: Record<string, Answer>; throws?: "unavailable"; sent: number }[]) {
    const { baseUrl, received } = await sessions((path, token) => c.answers[[/\/\w+$/.exec(path)?.[0], token].filter(Boolean).join(" ")]);
    const store = shared();
    const session = await login({ baseUrl, email: "ada", password: "x", store });
    const error: unknown = await session.logout().catch((e: unknown) => e);
    if (c.throws) assert.ok(isProblem(error, c.throws) && error instanceof ProblemError, c.name);
    else assert.equal(error, undefined, c.name);
    assert.equal(received.length - 1, c.sent, c.name);
    assert.ok(!session.active);
    assert.equal(store.tokens, null);
  }
});

void test("a logout without a connection is told", async () => {
  const { baseUrl } = await sessions();
  let offline = false;
  const store = shared();
  const session = await login({
    baseUrl,
    email: "ada",
    password: "x",
    store,
    fetch: (request) => (offline ? Promise.reject(new TypeError("fetch failed")) : fetch(request)),
  });
  offline = true;
  assert.ok(store.tokens);
  store.tokens = { ...store.tokens, expires_at: 0 };
  await assert.rejects(session.logout(), /fetch failed/);
  assert.ok(!session.active);
  assert.equal(store.tokens, null);
});

void test("a login is repeated as it is told", async () => {
  for (const c of [{ retries: 0, sent: 1 }, { maxWait: 0.1, sent: 1 }, { sent: 2 }]) {
    const limited = { ...problem("rate-limited", 429), headers: { "Retry-After": "1" } };
    let n = 0;
    const { baseUrl, received } = await sessions(() => (++n === 1 ? limited : undefined));
    await login({ baseUrl, email: "ada", password: "x", ...c }).catch((e: unknown) => {
      assert.ok(isProblem(e, "rate-limited"));
    });
    assert.equal(received.length, c.sent);
  }
});
