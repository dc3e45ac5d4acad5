import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, isProblem, resume, type ApiClient, type ClientOptions } from "@edgevalue/client";
import { fake, problem, type Answer } from "./fake.js";

type Do = (client: ApiClient) => Promise<{ response: Response }>;
const get: Do = (client) => client.GET("/users/me");
const put: Do = (client) => client.PUT("/users/me/password", { body: { current_password: "a", new_password: "b" } });
const post: Do = (client) => client.POST("/users/open", { body: { email: "ada@example.com", password: "x" } });
const withKey: Do = (client) =>
  client.POST("/users/open", { body: { email: "ada@example.com", password: "x" }, headers: { "Idempotency-Key": "k" } });
const stream: Do = (client) =>
  client.PUT("/users/me/password", { body: new Blob(["{}"]).stream() as never, headers: { "Content-Type": "application/json" } });

const never = new Promise<never>(() => undefined);
const soon = { "Retry-After": "0" };
const busy = { ...problem("unavailable", 503), headers: soon };
const limited = { ...problem("rate-limited", 429), headers: soon };
const uploads = { ...problem("too-many-uploads", 503), headers: soon };
const page: Answer = { status: 503, headers: { ...soon, "Content-Type": "text/html" }, body: "no problem" };

for (const c of [
  { name: "GET after 503", call: get, answers: [busy, busy], sent: 3, status: 200 },
  { name: "GET after 429", call: get, answers: [limited], sent: 2, status: 200 },
  { name: "GET after a proxy's 503", call: get, answers: [page], sent: 2, status: 200 },
  { name: "GET until the tries are over", call: get, answers: [busy, busy, busy, busy], sent: 4, status: 503 },
  { name: "GET with fewer tries", call: get, answers: [busy, busy], options: { retries: 1 }, sent: 2, status: 503 },
  { name: "GET without retries", call: get, answers: [busy], options: { retries: 0 }, sent: 1, status: 503 },
  { name: "GET after 500", call: get, answers: [problem("internal", 500)], sent: 1, status: 500 },
  { name: "GET, but not for an hour", call: get, answers: [{ ...busy, headers: { "Retry-After": "3600" } }], sent: 1, status: 503 },
  { name: "GET at a date in the past", call: get, answers: [{ ...busy, headers: { "Retry-After": "Sat, 26 Sep 2015 00:00:00 GMT" } }], sent: 2, status: 200 },
  { name: "GET, but not until a date far away", call: get, answers: [{ ...busy, headers: { "Retry-After": "Sat, 26 Sep 2099 00:00:00 GMT" } }], sent: 1, status: 503 },
  { name: "GET without Retry-After", call: get, answers: [problem("unavailable", 503)], sent: 2, status: 200 },
  { name: "PUT after 503", call: put, answers: [busy], sent: 2, status: 200 },
  { name: "POST after 503", call: post, answers: [busy], sent: 1, status: 503 },
  { name: "POST after a proxy's 503", call: post, answers: [page], sent: 1, status: 503 },
  { name: "POST after 429", call: post, answers: [limited], sent: 2, status: 200 },
  { name: "POST of which nothing was read", call: post, answers: [uploads], sent: 2, status: 200 },
  { name: "POST with a key after 503", call: withKey, answers: [busy], sent: 2, status: 200 },
  { name: "a stream", call: stream, answers: [limited], sent: 1, status: 429 },
] as { name: string; call: Do; answers: Answer[]; options?: Partial<ClientOptions>; sent: number; status: number }[]) {
  void test(`repeats: ${c.name}`, async () => {
    const { baseUrl, received } = await fake((_, n) => c.answers[n - 1] ?? {});
    const { response } = await c.call(createClient({ baseUrl, ...c.options }));
    assert.equal(response.status, c.status);
    assert.equal(received.length, c.sent);
    for (const request of received) {
      assert.equal(request.path, received[0]?.path);
      assert.equal(request.body, received[0]?.body);
      assert.equal(request.headers["content-type"], received[0]?.headers["content-type"]);
    }
  });
}

void test("waits as long as it is told, in all", async () => {
  const { baseUrl, received } = await fake((_, n) => (n <= 2 ? { ...busy, headers: { "Retry-After": "1" } } : {}));
  const begin = Date.now();
  assert.equal((await get(createClient({ baseUrl, maxWait: 1 }))).response.status, 503);
  assert.equal(received.length, 2);
  assert.ok(Date.now() - begin >= 950);
});

void test("an abort ends a request, and the wait for its repetition", async () => {
  for (const answer of [{ ...busy, headers: { "Retry-After": "30" } }, never]) {
    const { baseUrl, received } = await fake(() => answer);
    const controller = new AbortController();
    const begin = Date.now();
    const call = createClient({ baseUrl }).GET("/users/me", { signal: controller.signal });
    setTimeout(() => {
      controller.abort();
    }, 200);
    await assert.rejects(call, { name: "AbortError" });
    assert.ok(Date.now() - begin < 10_000);
    assert.equal(received.length, 1);
  }
  const { baseUrl, received } = await fake(() => ({}));
  await assert.rejects(createClient({ baseUrl }).GET("/users/me", { signal: AbortSignal.abort() }), { name: "AbortError" });
  const slow = createClient({ baseUrl, token: () => never });
  await assert.rejects(slow.GET("/users/me", { signal: AbortSignal.timeout(100) }), { name: "TimeoutError" });
  assert.equal(received.length, 0);
});

void test("asks for the token of each request", async () => {
  const { baseUrl, received } = await fake(() => ({}));
  let n = 0;
  await get(createClient({ baseUrl, token: "one" }));
  const client = createClient({ baseUrl: baseUrl + "/", token: () => Promise.resolve(`t${String(++n)}`) });
  await get(client);
  await post(client);
  await client.GET("/users/me", { headers: { "X-API-Key": "mine" } });
  await client.POST("/login/refresh", { body: { grant_type: "refresh_token", refresh_token: "r" } });
  await get(createClient({ baseUrl: baseUrl + "/api/v1", token: () => undefined }));
  assert.deepEqual(
    received.map((r) => r.headers.authorization),
    ["Bearer one", "Bearer t1", "Bearer t2", undefined, undefined, undefined],
  );
  assert.deepEqual([...new Set(received.map((r) => r.path))], ["/api/v1/users/me", "/api/v1/users/open", "/api/v1/login/refresh"]);
  assert.equal(received[4]?.body, "grant_type=refresh_token&refresh_token=r");
  assert.equal(received[4].headers["content-type"], "application/x-www-form-urlencoded");
});

void test("a token that cannot be had fails the call", async () => {
  const { baseUrl, received } = await fake(() => ({}));
  const token = () => Promise.reject(new Error("no token today"));
  await assert.rejects(get(createClient({ baseUrl, token })), /no token today/);
  assert.equal(received.length, 0);
});

void test("reads answers as it is told", async () => {
  const { baseUrl } = await fake((_, n) => (n === 3 ? problem("not-found", 404) : { body: { id: 1 } }));
  const client = createClient({ baseUrl, parse: (text): unknown => JSON.parse(text, (_, value: unknown) => (value === 1 ? "one" : value)) });
  assert.deepEqual((await client.GET("/users/me")).data, { id: "one" });
  assert.equal((await client.GET("/users/me", { parseAs: "text" })).data, '{"id":1}');
  assert.ok(isProblem((await client.GET("/users/me")).error, "not-found"));
});

void test("middleware sees what is sent", async () => {
  const { baseUrl, received } = await fake((_, n) => (n === 1 ? limited : {}));
  const client = createClient({ baseUrl });
  const middleware = {
    onRequest: ({ request }: { request: Request }) => new Request(request, { headers: { ...Object.fromEntries(request.headers), "X-Mine": "yes" } }),
  };
  client.use(middleware);
  await get(client);
  client.eject(middleware);
  await get(client);
  assert.deepEqual(
    received.map((r) => r.headers["x-mine"]),
    ["yes", "yes", undefined],
  );
});

void test("a call's own fetch has the token, its renewal and the repetitions", async () => {
  let number = 0;
  const sent: string[] = [];
  const own = (request: Request): Promise<Response> => {
    sent.push(`${new URL(request.url).pathname} ${request.headers.get("Authorization") ?? ""}`);
    return Promise.resolve([Response.json(busy.body, { status: 503, headers: soon }), Response.json({}, { status: 401 })][number++] ?? Response.json({}));
  };
  const tokens = { session_id: "1", access_token: "a1", refresh_token: "r1", expires_at: Date.now() + 3600_000 };
  const answer = { access_token: "a2", refresh_token: "r2", token_type: "bearer", expires_in: 3600 };
  const session = await resume({ baseUrl: "http://localhost", store: { load: () => tokens, save: () => undefined }, fetch: () => Promise.resolve(Response.json(answer)) });
  const client = createClient({ baseUrl: "http://localhost", token: session, fetch: () => assert.fail("it is the call's that sends") });
  assert.equal((await client.GET("/users/me", { fetch: own })).response.status, 200);
  const body = { grant_type: "refresh_token", refresh_token: "r" } as const;
  await client.POST("/login/refresh", { body, fetch: own });
  assert.deepEqual(sent, ["/api/v1/users/me Bearer a1", "/api/v1/users/me Bearer a1", "/api/v1/users/me Bearer a2", "/api/v1/login/refresh "]);
});

void test("a parameter that would make another path is not sent", async () => {
  const client = createClient({ baseUrl: "http://localhost", fetch: () => assert.fail("sent") });
  for (const email of [".", "..", ""]) {
    await assert.rejects(client.POST("/password-recovery/{email}", { params: { path: { email } } }), {
      message: `POST /password-recovery/{email}: email cannot be ${JSON.stringify(email)}`,
    });
  }
  const paths: string[] = [];
  const other = createClient({
    baseUrl: "http://localhost",
    fetch: (request) => {
      paths.push(new URL(request.url).pathname);
      return Promise.resolve(new Response(null, { status: 204 }));
    },
  });
  for (const email of ["...", "a/..", "%2e"]) await other.POST("/password-recovery/{email}", { params: { path: { email } } });
  assert.deepEqual(paths, ["...", "a%2F..", "%252e"].map((value) => `/api/v1/password-recovery/${value}`));
});
