import { describe, expect, it } from "vitest";
import type { Schemas } from "../../src/api.ts";
import { namesOf, termsOf, tokens } from "../../src/companies/formula.ts";
import { evaluate, isYearsBefore, ofDay, ofStatements, partsOf, scoresOf, seriesOf, withTerms, zoneOf } from "../../src/companies/scores.ts";

const define = (d: Partial<Schemas["MetricDefinition"]>): Schemas["MetricDefinition"] => ({
  id: "", label: "", group: "safety", unit: "ratio", scope: "statement", formula: "", where: [], inputs: [], better: "higher", source: "", caveat: "", years: 0, ...d,
});
const altman = define({
  id: "altman_z_double_prime",
  formula: "6.56 x X1 + 1.05 x X4",
  inputs: ["current_assets", "current_liabilities", "total_assets", "book_value", "total_liabilities"],
  caveat: "distress below 1.10, safe above 2.60",
});
const piotroski = define({
  id: "piotroski_f_score",
  formula: "how many of the nine signals hold",
  where: [
    { id: "roa_positive", formula: "ttm.net_income / -1.total_assets > 0" },
    { id: "no_new_shares", formula: "shares <= -1.shares" },
  ],
  inputs: ["ttm.net_income", "-1.total_assets", "shares_outstanding", "-1.shares_outstanding"],
});
const all: Schemas["MetricDefinitions"] = {
  items: [define({ id: "current_ratio", formula: "current_assets / current_liabilities" }), altman, piotroski],
  terms: [
    { id: "shares", formula: "shares_outstanding" },
    { id: "X1", formula: "(current_assets - current_liabilities) / total_assets" },
    { id: "X4", formula: "book_value / total_liabilities" },
  ],
};
const names = namesOf(all);

describe("formulas", () => {
  it("tells names from what stands between them", () => {
    expect(tokens("1.2 x ttm.net_income[k] / -1.total_assets >= avg(total_assets(3))", names)).toEqual([
      "1.2 × ",
      { text: "ttm.net_income[k]", id: "net_income", ttm: true, orZero: true, ago: 0 },
      " / ",
      { text: "-1.total_assets", id: "total_assets", ttm: false, orZero: false, ago: 1 },
      " ≥ avg(",
      { text: "total_assets(3)", id: "total_assets", ttm: false, orZero: false, ago: 3 },
      ")",
    ]);
  });
  it("leaves words of prose alone", () => expect(tokens("how many of the x signals", names)).toEqual(["how many of the × signals"]));
  it("finds the terms that a formula needs", () => {
    expect(termsOf(altman, all.terms, names).map((x) => x.id)).toEqual(["X1", "X4"]);
    expect(termsOf(piotroski, all.terms, names).map((x) => x.id)).toEqual(["roa_positive", "shares", "no_new_shares"]);
  });
});

describe("values", () => {
  const values: Record<string, number> = { current_assets: 10, current_liabilities: 4, total_assets: 20, book_value: -3 };
  const lookup = ({ id }: { id: string }) => values[id];
  it.each([
    ["(current_assets - current_liabilities) / total_assets", 0.3],
    ["current_assets - current_liabilities - total_assets", -14],
    ["2 x book_value / current_liabilities x 4", -6],
    ["-4.84 + 0.5 x current_assets", 0.16],
    ["total_liabilities[k] + 1", 1],
    ["book_value / total_liabilities", null],
    ["how many", null],
    ["current_assets > 1", null],
    ["current_assets / (book_value + 3)", null],
  ])("%s", (formula, value) => {
    const got = evaluate(formula, names, lookup);
    if (value === null) expect(got).toBeNull();
    else expect(got).toBeCloseTo(value, 12);
  });

  it("finds the year before as the API does", () => {
    expect(isYearsBefore("2024-09-28", "2025-09-27", 1)).toBe(true);
    expect(isYearsBefore("2024-09-19", "2025-09-27", 1)).toBe(false);
    expect(isYearsBefore("2023-09-30", "2025-09-27", 2)).toBe(true);
  });

  it("reads statements and their twelve months", () => {
    const statement = (end_date: string, total_assets: number) => ({ end_date, currency: "USD", period: "annual", total_assets, depreciation: 8 }) as unknown as Schemas["FinancialStatement"];
    const metrics = [{ end_date: "2025-09-27", currency: "USD", metrics: { current_ratio: 0.89 }, ttm: { net_income: 112 } }] as unknown as Schemas["ValueMetrics"][];
    const of = ofStatements("2025-09-27", [statement("2025-09-27", 359), statement("2024-09-28", 364)], metrics);
    const name = (id: string, ttm = false, ago = 0) => ({ text: id, id, ttm, ago, orZero: false });
    expect(of(name("total_assets"))).toBe(359);
    expect(of(name("total_assets", false, 1))).toBe(364);
    expect(of(name("total_assets", false, 2))).toBeUndefined();
    expect(of(name("net_income", true))).toBe(112);
    expect(of(name("depreciation", true))).toBe(8);
    expect(of(name("current_ratio"))).toBe(0.89);
    expect(of(name("currency"))).toBeUndefined();
  });

  it("reads what a day's metric was made of", () => {
    const field = (name: string, end_date: string, value: number) => ({ op: "field" as const, field: name, value, statement: { period: "annual" as const, end_date }, inputs: [] });
    const explanation: Schemas["Explanation"] = {
      op: "formula", value: 3, metric: "graham_defensive_passed",
      inputs: [{ op: "formula", value: 868, metric: "cap", inputs: [] }, field("net_income", "2016-09-24", 45), field("net_income", "2017-09-30", 48), field("ttm.ebit", "2017-09-30", 66)],
    };
    const day = { statement_end_date: "2017-09-30", metrics: { price_to_sales_ratio: 3.8 } } as unknown as Schemas["DailyRatios"];
    const of = ofDay(day, explanation);
    const name = (id: string, ttm = false, ago = 0) => ({ text: id, id, ttm, ago, orZero: false });
    expect(of(name("cap"))).toBe(868);
    expect(of(name("net_income", false, 1))).toBe(45);
    expect(of(name("ebit", true))).toBe(66);
    expect(of(name("price_to_sales_ratio"))).toBe(3.8);
    expect(of(name("total_assets"))).toBeUndefined();
    expect(seriesOf("net_income", explanation)).toEqual([{ end: "2017-09-30", value: 48 }, { end: "2016-09-24", value: 45 }]);
  });
});

describe("scores", () => {
  it("has the parts of a score with what the API says of them", () => {
    const parts = partsOf(piotroski, all, { signals: { piotroski_f_score: { roa_positive: true, no_new_shares: null } } }, () => undefined);
    expect(parts.map(({ id, holds }) => [id, holds])).toEqual([["roa_positive", true], ["no_new_shares", null]]);
  });
  it("computes the parts that the API does not tell", () => {
    const values: Record<string, number> = { current_assets: 10, current_liabilities: 4, total_assets: 20, book_value: 3 };
    const parts = partsOf(altman, all, { signals: {} }, ({ id }) => values[id]);
    expect(parts.map(({ id, value }) => [id, value])).toEqual([["X1", 0.3], ["X4", null]]);
  });
  it("knows terms of several formulas, of earlier years too", () => {
    const of = withTerms(({ id, ago }) => (id === "shares_outstanding" ? 100 - ago : undefined), all, names);
    expect(of({ text: "-1.shares", id: "shares", ago: 1, ttm: false, orZero: false })).toBe(99);
    expect(of({ text: "total_assets", id: "total_assets", ago: 0, ttm: false, orZero: false })).toBeUndefined();
  });
  it.each([
    [1.09, "distress"],
    [1.1, "grey"],
    [2.6, "grey"],
    [2.61, "safe"],
    [null, undefined],
  ])("%s is in the zone %s", (value, zone) => expect(zoneOf(altman, value)).toBe(zone));
  it("reads a flag", () => {
    const d = { caveat: "a flag is above -1.78; accruals in the cash flow form" };
    expect(zoneOf(d, -1.7)).toBe("flagged");
    expect(zoneOf(d, -1.78)).toBe("clear");
    expect(zoneOf({ caveat: "" }, 1)).toBeUndefined();
  });
  it("finds the scores, those it does not know last", () => {
    const other = define({ id: "new_score" });
    const found = scoresOf({ ...all, items: [other, ...all.items] }, [{ signals: { new_score: { a: true } } }]);
    expect(found.map((d) => d.id)).toEqual(["piotroski_f_score", "altman_z_double_prime", "new_score"]);
  });
});
