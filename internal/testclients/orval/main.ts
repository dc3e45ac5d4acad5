import { check, equal, sleep, stored, type Settings } from "../settings";
import { session } from "./fetcher";
import * as api from "./generated/client";
import type { Company, CompanyCreate } from "./generated/model";
import { GetCompanyResponse, ListCompanyFinancialStatementsResponse } from "./generated/zod";

export async function run({ baseUrl, username, password, ticker, file, done }: Settings): Promise<void> {
  session.baseUrl = baseUrl;

  const companies: Company[] = [];
  let pages = 0;
  for (let page_token: string | null = ""; page_token !== null; pages++) {
    const page: api.listCompaniesResponse = await api.listCompanies({ has_statements: true, page_size: 2, ...(page_token && { page_token }) });
    check(page.status === 200, `a page of companies: ${page.status}`);
    companies.push(...page.data.items);
    page_token = page.data.next_page_token;
  }
  equal(new Set(companies.map((c) => c.id)).size, companies.length);
  done("page", `${companies.length} companies on ${pages} pages`);

  const apple = await api.getCompany("AAPL");
  check(apple.status === 200, "AAPL is missing");
  equal(GetCompanyResponse.parse(apple.data), apple.data);
  const statements = await api.listCompanyFinancialStatements("AAPL", { period: "annual", page_size: 1, as_of: "2015-12-31" });
  check(statements.status === 200, `the statements: ${statements.status}`);
  equal(ListCompanyFinancialStatementsResponse.parse(statements.data), statements.data);
  const statement = statements.data.items[0];
  check(statement, "AAPL has no annual statement");
  equal([statement.end_date, statement.total_revenues, statement.known_to], ["2015-09-26", 233715000000, null]);
  done("read", `${apple.data.name}, revenues of the year to ${statement.end_date}: ${statement.total_revenues}, both as zod has them`);

  const login = await api.createAccessToken({ grant_type: "password", username, password });
  check(login.status === 200, `the login: ${login.status}`);
  const refresh_token = login.data.refresh_token;
  session.token = login.data.access_token;
  const me = await api.testAccessToken();
  check(me.status === 200, `the token: ${me.status}`);
  equal(me.data.email, username);
  done("log in", `as ${username}`);

  const refreshed = await api.refreshAccessToken({ grant_type: "refresh_token", refresh_token });
  check(refreshed.status === 200, `the refresh: ${refreshed.status}`);
  check(refreshed.data.refresh_token !== refresh_token, "the refresh token is the old one");
  session.token = refreshed.data.access_token;
  done("refresh", `a token for ${refreshed.data.expires_in} seconds`);

  const missing = await api.getCompany(ticker);
  check(missing.status === 404, `a company that is not there: ${missing.status}`);
  equal(missing.data.type, "/problems/not-found");
  const body: CompanyCreate = { name: "orval", listings: [{ ticker, currency: "USD" }] };
  equal((await api.createCompany(body)).status, 201);
  const taken = await api.createCompany(body);
  check(taken.status === 409, `the same company again: ${taken.status}`);
  equal(taken.data.type, "/problems/ticker-taken");
  const invalid = await api.createCompany({ name: "", listings: [{ ticker: "no ticker" }] });
  check(invalid.status === 422, `a company without a name: ${invalid.status}`);
  equal(invalid.data.errors?.map((e) => e.field), ["/name", "/listings/0/ticker"]);
  done("problem", `${missing.data.type}, ${taken.data.type}, ${invalid.data.type} of ${invalid.data.errors?.map((e) => e.field)}`);

  const upload = await api.importPrices({ file }, { ticker });
  check(upload.status === 202, `the upload: ${upload.status}`);
  let imported = upload.data;
  while (imported.state === "queued" || imported.state === "running") {
    await sleep(100);
    const { status, data } = await api.getImport(imported.id);
    check(status === 200, `the import: ${status}`);
    imported = data;
  }
  equal([imported.state, imported.error, imported.file_name, imported.written], ["succeeded", null, file.name, 3]);
  const prices = await api.listCompanyPrices(ticker);
  check(prices.status === 200, `the prices: ${prices.status}`);
  equal(prices.data.items.map((p) => [p.date, p.open, p.close]), stored);
  done("upload", `${imported.file_name}: ${imported.written} prices`);
}
