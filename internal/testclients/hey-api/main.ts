import { check, equal, sleep, stored, type Settings } from "../settings";
import {
  createAccessToken,
  createCompany,
  getCompany,
  getImport,
  importPrices,
  listCompanies,
  listCompanyFinancialStatements,
  listCompanyPrices,
  refreshAccessToken,
  testAccessToken,
  type Company,
  type CompanyCreate,
  type CompanyPage,
  type Problem,
} from "./generated";
import { client } from "./generated/client.gen";

export async function run({ baseUrl, username, password, ticker, file, done }: Settings): Promise<void> {
  let token: string | undefined;
  client.setConfig({ baseUrl, auth: () => token });

  const companies: Company[] = [];
  let pages = 0;
  for (let page_token: string | null = ""; page_token !== null; pages++) {
    const query = { has_statements: true, page_size: 2, ...(page_token && { page_token }) };
    const page: { data?: CompanyPage; error?: Problem } = await listCompanies({ query });
    check(page.data, `a page of companies: ${page.error?.title}`);
    companies.push(...page.data.items);
    page_token = page.data.next_page_token;
  }
  equal(new Set(companies.map((c) => c.id)).size, companies.length);
  done("page", `${companies.length} companies on ${pages} pages`);

  const apple = await getCompany({ path: { ticker: "AAPL" } });
  check(apple.data, "AAPL is missing");
  const statements = await listCompanyFinancialStatements({
    path: { ticker: "AAPL" },
    query: { period: "annual", page_size: 1, as_of: "2015-12-31" },
  });
  const statement = statements.data?.items[0];
  check(statement, "AAPL has no annual statement");
  equal([statement.end_date, statement.total_revenues, statement.known_to], ["2015-09-26", 233715000000, null]);
  done("read", `${apple.data.name}, revenues of the year to ${statement.end_date}: ${statement.total_revenues}`);

  const login = await createAccessToken({ body: { grant_type: "password", username, password } });
  check(login.data, `the login: ${login.error?.title}`);
  const refresh_token = login.data.refresh_token;
  token = login.data.access_token;
  equal((await testAccessToken()).data?.email, username);
  done("log in", `as ${username}`);

  const refreshed = await refreshAccessToken({ body: { grant_type: "refresh_token", refresh_token } });
  check(refreshed.data, `the refresh: ${refreshed.error?.title}`);
  check(refreshed.data.refresh_token !== refresh_token, "the refresh token is the old one");
  token = refreshed.data.access_token;
  done("refresh", `a token for ${refreshed.data.expires_in} seconds`);

  const missing = await getCompany({ path: { ticker } });
  equal([missing.response?.status, missing.error?.type], [404, "/problems/not-found"]);
  const body: CompanyCreate = { name: "hey-api", listings: [{ ticker, currency: "USD" }] };
  equal((await createCompany({ body })).response?.status, 201);
  const taken = await createCompany({ body });
  equal(taken.error?.type, "/problems/ticker-taken");
  const invalid = await createCompany({ body: { name: "", listings: [{ ticker: "no ticker" }] } });
  equal(invalid.error?.errors?.map((e) => e.field), ["/name", "/listings/0/ticker"]);
  done("problem", `${missing.error?.type}, ${taken.error?.type}, ${invalid.error?.type} of ${invalid.error?.errors?.map((e) => e.field)}`);

  const upload = await importPrices({ query: { ticker }, body: { file } });
  check(upload.data, `the upload: ${upload.error?.detail}`);
  let imported = upload.data;
  while (imported.state === "queued" || imported.state === "running") {
    await sleep(100);
    const { data } = await getImport({ path: { id: imported.id } });
    check(data, "the import is gone");
    imported = data;
  }
  equal([imported.state, imported.error, imported.file_name, imported.written], ["succeeded", null, file.name, 3]);
  const prices = await listCompanyPrices({ path: { ticker } });
  equal(prices.data?.items.map((p) => [p.date, p.open, p.close]), stored);
  done("upload", `${imported.file_name}: ${imported.written} prices`);
}
