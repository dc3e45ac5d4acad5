import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { createClient, isProblem, login, pages, unwrap, type ApiClient, type Schemas, type Session, type Upload } from "@edgevalue/client";
import { fake } from "./fake.js";
import { baseUrl, email, password } from "./server.js";

let session: Session;
let client: ApiClient;
before(async () => {
  session = await login({ baseUrl, email, password });
  client = createClient({ baseUrl, token: session });
});
after(() => session.logout());

const apple = { path: { ticker: "AAPL" } };

void test("reads without a login", async () => {
  const client = createClient({ baseUrl });
  const company = await unwrap(client.GET("/companies/{ticker}", { params: apple }));
  assert.equal(company.cik, 320193);
  const tickers: string[] = [];
  for await (const c of pages(client.GET, "/companies", { params: { query: { has_statements: true, page_size: 2 } } })) tickers.push(c.ticker);
  assert.ok(tickers.includes("AAPL"));
  const { error } = await client.GET("/companies/{ticker}", { params: { path: { ticker: "NOBODY" } } });
  assert.ok(isProblem(error, "not-found"));
  const years: string[] = [];
  for await (const s of pages(client.GET, "/companies/{ticker}/financial-statements", {
    params: { ...apple, query: { period: "annual", page_size: 3 } },
  })) {
    years.push(s.end_date);
  }
  assert.ok(years.includes("2012-09-29"));
});

// A field that the contract adds to a company is missing here: the compiler says so.
const example: Schemas["Company"] = {
  id: 4,
  ticker: "GOOGL",
  name: "Alphabet Inc.",
  cik: 1652044,
  former_ciks: [1288776],
  ciks: [{ cik: 1652044, first_day: "2015-10-29", last_day: null }],
  former_names: [],
  sic: "7370",
  sic_description: null,
  fiscal_year_end: "1231",
  state: "DE",
  country: "US",
  url: null,
  ipo_date: "2004-08-19",
  last_day: null,
  number_of_shares: 12100000000,
  has_statements: true,
  newest_statement: { period: "of a later version", end_date: "2025-12-31" },
  facts_read_at: null,
  listings: [],
  created_at: "2026-01-30T12:00:00Z",
  updated_at: "2026-01-30T12:00:00Z",
};

void test("takes values of a later version", async () => {
  const { baseUrl } = await fake(() => ({ body: { items: [{ ...example, later: 1 }], next_page_token: null } }));
  for await (const company of pages(createClient({ baseUrl }).GET, "/companies")) {
    assert.deepEqual(company, { ...example, later: 1 });
    const period: string | undefined = company.newest_statement?.period;
    assert.equal(period, "of a later version");
  }
});

void test("a request has no values of a later version", () => {
  const client = createClient({ baseUrl });
  // @ts-expect-error there is no such period
  assert.ok(() => client.GET("/companies/{ticker}/financial-statements", { params: { ...apple, query: { period: "yearly" } } }));
  // @ts-expect-error there is no such scope
  assert.ok(() => client.POST("/api-keys", { body: { name: "test", scopes: ["reed"], current_password: password } }));
});

void test("pages of a company need its ticker", () => {
  const { GET } = createClient({ baseUrl });
  // @ts-expect-error the parameters are missing
  assert.ok(() => pages(GET, "/companies/{ticker}/prices"));
  // @ts-expect-error there is no such path
  assert.ok(() => pages(GET, "/compnies"));
});

void test("tells what was known on a day", async () => {
  const past = createClient({ baseUrl, asOf: "2012-12-31" });
  const { data } = await past.GET("/companies/{ticker}/value-metrics", { params: apple });
  assert.ok(data && data.items.length > 0);
  for (const m of data.items) assert.ok(m.end_date <= "2012-12-31");
  let n = 0;
  for await (const s of pages(past.GET, "/companies/{ticker}/financial-statements", { params: { ...apple, query: { page_size: 5 } } })) {
    assert.ok(s.known_from <= "2012-12-31");
    n++;
  }
  assert.ok(n > 5);
  await past.GET("/companies/{ticker}/value-metrics", { params: { ...apple, query: { as_of: "2012-12-31" } } });
  await assert.rejects(past.GET("/companies/{ticker}/value-metrics", { params: { ...apple, query: { as_of: "2013-01-01" } } }), /as_of is "2013-01-01"/);
  // @ts-expect-error it does not know as_of
  await assert.rejects(past.GET("/companies"), /GET \/companies does not know as_of/);
  // @ts-expect-error a write does not know as_of
  await assert.rejects(past.POST("/companies", { body: {} }), /POST \/companies does not know as_of/);
  // @ts-expect-error a write does not know as_of
  await assert.rejects(past.PUT("/financial-statements/{id}", { params: { path: { id: 1 } }, body: {} }), /does not know as_of/);
  // @ts-expect-error it does not know as_of
  await assert.rejects(pages(past.GET, "/companies").byPage().next(), /GET \/companies does not know as_of/);
});

void test("sends a list as the contract has it", async () => {
  const metrics = ["piotroski_f_score", "return_on_invested_capital"];
  const paths: string[] = [];
  const client = createClient({
    baseUrl,
    fetch: (request) => {
      paths.push(request.url.slice(baseUrl.length));
      return fetch(request);
    },
  });
  const { items } = await unwrap(client.GET("/companies/{ticker}/value-metrics", { params: { ...apple, query: { metrics, page_size: 1 } } }));
  assert.deepEqual(Object.keys(items[0]?.metrics ?? {}).sort(), [...metrics].sort());
  assert.deepEqual(paths, ["/api/v1/companies/AAPL/value-metrics?metrics=piotroski_f_score,return_on_invested_capital&page_size=1"]);
});

void test("creates, changes and deletes a company", async () => {
  const body = { name: "Example Inc.", listings: [{ ticker: "ZZXMPL" }] };
  const company = await unwrap(client.POST("/companies", { body }));
  const params = { path: { ticker: company.ticker } };
  const { error } = await client.POST("/companies", { body });
  assert.ok(isProblem(error, "ticker-taken"));
  assert.equal(error.status satisfies 409, 409);
  const changed = await unwrap(client.PATCH("/companies/{ticker}", { params, body: { url: "https://example.com" } }));
  assert.equal(changed.url, "https://example.com");
  await unwrap(client.DELETE("/companies/{ticker}", { params }));
  assert.equal((await client.GET("/companies/{ticker}", { params })).response.status, 404);
});

/** Waits for an import, and returns it. */
async function imported({ id }: Schemas["Import"]): Promise<Schemas["Import"]> {
  for (;;) {
    const now = await unwrap(client.GET("/imports/{id}", { params: { path: { id } } }));
    if (now.state !== "queued" && now.state !== "running") return now;
    await setTimeout(100);
  }
}

void test("uploads files of all kinds, which are imported", async () => {
  await unwrap(client.POST("/companies", { body: { name: "Upload Inc.", listings: [{ ticker: "ZZUPLD" }] } }));
  let day = 10;
  const csv = () => `date,close\n2024-01-${String(day++)},12.5\n`;
  const form = new FormData();
  form.set("file", new File([csv()], "prices.csv", { type: "text/csv" }));
  const files: [string, Upload][] = [
    ["Blob", new Blob([csv()])],
    ["Blob of a type", new Blob([csv()], { type: "text/csv" })],
    ["File", new File([csv()], "prices.csv")],
    ["bytes", new TextEncoder().encode(csv())],
    ["stream", new Blob([csv()]).stream()],
    ["form", form],
  ];
  for (const [kind, body] of files) {
    const accepted = await unwrap(client.POST("/imports/prices", { params: { query: { ticker: "ZZUPLD", file_name: "prices.csv" } }, body }));
    const { state, written, error } = await imported(accepted);
    assert.deepEqual({ kind, state, written, error }, { kind, state: "succeeded", written: 1, error: null });
  }
  const prices = await unwrap(client.GET("/companies/{ticker}/prices", { params: { path: { ticker: "ZZUPLD" } } }));
  assert.deepEqual(prices.items.map((p) => p.close), files.map(() => 12.5));
  // @ts-expect-error neither a file nor a form
  assert.ok(() => client.POST("/imports/prices", { body: { file: "x" } }));
});

void test("a file and a form are sent again, a stream is not", async () => {
  for (const [body, sent] of [
    [new Blob(["date,close"]), 2],
    [new TextEncoder().encode("date,close"), 2],
    [new FormData(), 2],
    [new Blob(["date,close"]).stream(), 1],
  ] as [Upload, number][]) {
    if (body instanceof FormData) body.set("file", new Blob(["date,close"]));
    const { baseUrl, received } = await fake((_, n) =>
      n === 1 ? { status: 503, headers: { "Retry-After": "0" }, body: { type: "/problems/too-many-uploads", title: "x", status: 503 } } : { status: 202 },
    );
    await createClient({ baseUrl }).POST("/imports/prices", { body });
    assert.equal(received.length, sent);
    for (const { headers, body: text } of received) {
      assert.match(text, /date,close/);
      const boundary = /^multipart\/form-data; boundary=(.*)$/.exec(headers["content-type"] ?? "")?.[1];
      if (body instanceof FormData) assert.ok(boundary && text.includes(boundary), "each form has its own boundary");
      else assert.equal(headers["content-type"], "application/octet-stream");
    }
  }
});
