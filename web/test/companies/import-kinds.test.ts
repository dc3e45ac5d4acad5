import { expect, it } from "vitest";
import { kindOf, parametersFor } from "../../src/companies/import-kinds.ts";

it.each([
  ["company_tickers_exchange.json", "companies"],
  ["CIK0000320193.json", "sec_company_facts"],
  ["companyfacts-CIK0000320193.json.gz", "sec_company_facts"],
  ["eurofxref-hist.zip", "exchange_rates"],
  ["splits.csv", "splits"],
  ["aapl_us_d.csv", "prices"],
  ["notes.pdf", undefined],
])("knows %s by its name", (name, kind) => {
  expect(kindOf(name)).toBe(kind);
});

it("says about a file only what its kind knows", () => {
  const said = { ticker: " AAPL ", exchange: "Nasdaq", adjusted_as_of: "2025-01-02" };
  expect(parametersFor("splits", said)).toEqual({});
  expect(parametersFor("sec_company_facts", said)).toEqual({ ticker: "AAPL", exchange: "Nasdaq" });
  expect(parametersFor("prices", said)).toEqual({ ticker: "AAPL" });
  expect(parametersFor("prices", { ...said, adjusted: "splits" })).toEqual({ ticker: "AAPL", adjusted: "splits", adjusted_as_of: "2025-01-02" });
});
