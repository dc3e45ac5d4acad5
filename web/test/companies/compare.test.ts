// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import type { Schemas } from "../../src/api.ts";
import { best, byFiscalPeriod, parseMetrics, usual, valueOf, writeMetrics } from "../../src/companies/compare.ts";
import { matches, metricValue, nullReason } from "../../src/companies/metrics.ts";
import { parseTickers } from "../../src/companies/tickers.ts";

describe("addresses of a comparison", () => {
  it.each([
    [undefined, []],
    ["", []],
    ["AAPL,msft", ["AAPL", "MSFT"]],
    ["AAPL, aapl,BRK.B,brk-b,BRK/B", ["AAPL", "BRK.B"]],
    ["A,B,C,D,E,F,G", ["A", "B", "C", "D", "E", "F"]],
  ])("tickers %s", (text, tickers) => expect(parseTickers(text)).toEqual(tickers));

  it("keeps the metrics that are chosen, and none", () => {
    expect(parseMetrics(undefined)).toBe(usual);
    expect(parseMetrics("roe,roe,roa")).toEqual(["roe", "roa"]);
    expect(parseMetrics(writeMetrics([]))).toEqual([]);
    expect(parseMetrics(writeMetrics(["roe"]))).toEqual(["roe"]);
    expect(writeMetrics(usual)).toBeUndefined();
  });
});

describe("what is compared", () => {
  const of = (fiscal_year: number, fiscal_quarter: number | null, end_date: string) =>
    ({ fiscal_year, fiscal_quarter, end_date, metrics: { roe: 0.1, roa: null }, ttm: { net_income: 5, marks: [] } }) as unknown as Schemas["ValueMetrics"];

  it("reads metrics and figures of the twelve months", () => {
    const a = of(2025, null, "2025-09-27");
    expect([valueOf("roe", a), valueOf("roa", a), valueOf("other", a), valueOf("ttm.net_income", a), valueOf("ttm.marks", a), valueOf("roe", undefined)]).toEqual([0.1, null, undefined, 5, undefined, undefined]);
  });

  it.each([
    [[1, 3, null, 2], "higher", [1]],
    [[1, 3, undefined, 1], "lower", [0, 3]],
    [[1, 1], "higher", []],
    [[null, 3], "higher", []],
    [[1, 3], "none", []],
  ] as const)("the best of %j, %s", (values, better, indexes) => expect(best(values, better)).toEqual(indexes));

  it("puts fiscal periods side by side, the newest first", () => {
    const [a25, a24, b24, b24old] = [of(2025, null, "2025-09-27"), of(2024, null, "2024-09-28"), of(2024, null, "2024-12-31"), of(2024, null, "2024-01-31")];
    expect(byFiscalPeriod([[a25, a24], [b24, b24old]])).toEqual([
      { year: 2025, quarter: null, of: [a25, undefined] },
      { year: 2024, quarter: null, of: [a24, b24] },
    ]);
    const quarters = byFiscalPeriod([[of(2025, 1, "2025-03-31")], [of(2025, 2, "2025-06-30"), of(2024, 4, "2024-12-31")]]);
    expect(quarters.map((q) => [q.year, q.quarter])).toEqual([[2025, 2], [2025, 1], [2024, 4]]);
  });
});

describe("words of metrics", () => {
  it.each([
    ["fraction", 0.4691, "46.9%"],
    ["money", 73_733_000_000, "73,733"],
    ["ratio", 1.338, "1.34"],
    ["count", 8, "8"],
    ["days", 10.74, "10.7"],
    ["ratio", null, "–"],
    ["a new unit", 2, "2.00"],
  ])("%s %s is %s", (unit, value, text) => expect(metricValue(unit, value)).toBe(text));

  it("says why a metric is null, and what is missing", () => {
    expect(nullReason({ reason: "missing_input", missing_inputs: ["ttm.interest_expense", "-1.roe"] }, (id) => (id === "roe" ? ({ label: "ROE" } as Schemas["MetricDefinition"]) : undefined))).toBe(
      "An input is not known: Interest expense, twelve months; ROE, a year before",
    );
    expect(nullReason({ reason: "of_tomorrow", missing_inputs: [] })).toBe("of tomorrow");
    expect(nullReason(undefined)).toBe("Not known");
  });

  it("finds a definition by words of its name, formula and source", () => {
    const d = { id: "return_on_equity", label: "Return on equity", group: "profitability", formula: "common / book_value", source: "CFA Institute", caveat: "" } as Schemas["MetricDefinition"];
    expect(["return equity", "EQUITY cfa", "book_value", ""].map((q) => matches(d, q))).toEqual([true, true, true, true]);
    expect(matches(d, "return assets")).toBe(false);
  });
});
