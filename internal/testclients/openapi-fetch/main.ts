import createClient from "openapi-fetch";
import { check, equal, sleep, stored, type Settings } from "../settings";
import type { components, paths } from "./generated/schema";

type Company = components["schemas"]["Company"];
type Problem = components["schemas"]["Problem"];

export async function run({ baseUrl, username, password, ticker, file, done }: Settings): Promise<void> {
  let token = "";
  const api = createClient<paths>({ baseUrl });
  api.use({
    onRequest({ request }) {
      if (token) request.headers.set("Authorization", `Bearer ${token}`);
    },
  });

  const companies: Company[] = [];
  let pages = 0;
  for (let page_token: string | null = ""; page_token !== null; pages++) {
    const query = { has_statements: true, page_size: 2, ...(page_token && { page_token }) };
    const page: { data?: components["schemas"]["CompanyPage"]; error?: Problem } = await api.GET("/companies", { params: { query } });
    check(page.data, `a page of companies: ${page.error?.title}`);
    companies.push(...page.data.items);
    page_token = page.data.next_page_token;
  }
  equal(new Set(companies.map((c) => c.id)).size, companies.length);
  done("page", `${companies.length} companies on ${pages} pages`);

  const apple = await api.GET("/companies/{ticker}", { params: { path: { ticker: "AAPL" } } });
  check(apple.data, "AAPL is missing");
  const statements = await api.GET("/companies/{ticker}/financial-statements", {
    params: { path: { ticker: "AAPL" }, query: { period: "annual", page_size: 1, as_of: "2015-12-31" } },
  });
  const statement = statements.data?.items[0];
  check(statement, "AAPL has no annual statement");
  equal([statement.end_date, statement.total_revenues, statement.known_to], ["2015-09-26", 233715000000, null]);
  done("read", `${apple.data.name}, revenues of the year to ${statement.end_date}: ${statement.total_revenues}`);

  const login = await api.POST("/login/access-token", {
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: { grant_type: "password", username, password },
  });
  check(login.data, `the login: ${login.error?.title}`);
  const refresh_token = login.data.refresh_token;
  token = login.data.access_token;
  equal((await api.POST("/login/test-token")).data?.email, username);
  done("log in", `as ${username}`);

  const refreshed = await api.POST("/login/refresh", {
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: { grant_type: "refresh_token", refresh_token },
  });
  check(refreshed.data, `the refresh: ${refreshed.error?.title}`);
  check(refreshed.data.refresh_token !== refresh_token, "the refresh token is the old one");
  token = refreshed.data.access_token;
  done("refresh", `a token for ${refreshed.data.expires_in} seconds`);

  const missing = await api.GET("/companies/{ticker}", { params: { path: { ticker } } });
  equal([missing.response.status, missing.error?.type], [404, "/problems/not-found"]);
  const body: components["schemas"]["CompanyCreate"] = { name: "openapi-fetch", listings: [{ ticker, currency: "USD" }] };
  equal((await api.POST("/companies", { body })).response.status, 201);
  const taken = await api.POST("/companies", { body });
  equal(taken.error?.type, "/problems/ticker-taken");
  const invalid = await api.POST("/companies", { body: { name: "", listings: [{ ticker: "no ticker" }] } });
  const problem: Problem | undefined = invalid.error;
  equal(problem?.errors?.map((e) => e.field), ["/name", "/listings/0/ticker"]);
  done("problem", `${missing.error?.type}, ${taken.error?.type}, ${problem?.type} of ${problem?.errors?.map((e) => e.field)}`);

  const form = new FormData();
  form.append("file", file);
  const upload = await api.POST("/imports/prices", { params: { query: { ticker } }, body: { file }, bodySerializer: () => form });
  check(upload.data, `the upload: ${upload.error?.detail}`);
  let imported = upload.data;
  while (imported.state === "queued" || imported.state === "running") {
    await sleep(100);
    const { data } = await api.GET("/imports/{id}", { params: { path: { id: imported.id } } });
    check(data, "the import is gone");
    imported = data;
  }
  equal([imported.state, imported.error, imported.file_name, imported.written], ["succeeded", null, file.name, 3]);
  const prices = await api.GET("/companies/{ticker}/prices", { params: { path: { ticker } } });
  equal(prices.data?.items.map((p) => [p.date, p.open, p.close]), stored);
  done("upload", `${imported.file_name}: ${imported.written} prices`);
}
