import { describe, expect, it } from "vitest";
import { firstDay, gaps, thin } from "../../src/companies/days.ts";
import { dividendYears } from "../../src/companies/dividend-years.ts";
import { ratiosSearch, validRatiosSearch } from "../../src/companies/ratios-search.ts";

it.each([
  ["1y", "2017-12-29", "2016-12-29"],
  ["10y", "2026-11-26", "2016-11-26"],
  ["1y", "2024-02-29", "2023-03-01"],
  ["all", "2017-12-29", undefined],
] as const)("%s until %s begin on %s", (range, end, first) => expect(firstDay(range, end)).toBe(first));

describe("thinned days", () => {
  const days = ["2016-12-28", "2016-12-30", "2017-01-02", "2017-01-06", "2017-01-09", "2017-03-31", "2017-04-03"].map((date) => ({ date }));
  it.each([
    ["week", ["2016-12-30", "2017-01-06", "2017-01-09", "2017-03-31", "2017-04-03"]],
    ["month", ["2016-12-30", "2017-01-09", "2017-03-31", "2017-04-03"]],
    ["quarter", ["2016-12-30", "2017-03-31", "2017-04-03"]],
  ] as const)("are the last of each %s", (span, want) => expect(thin(days, span).map((d) => d.date)).toEqual(want));
});

it("gaps are runs of days of one reason", () => {
  const day = (date: string, v: number | null, reason?: "missing_input" | "negative_denominator") => ({
    date,
    metrics: { pe: v },
    metric_reasons: reason ? { pe: { reason, missing_inputs: [] } } : {},
  });
  const days = [
    day("2017-01-02", null, "missing_input"),
    day("2017-01-03", null, "missing_input"),
    day("2017-01-04", null, "negative_denominator"),
    day("2017-01-05", 0),
    day("2017-01-06", null, "negative_denominator"),
  ];
  expect(gaps(days, "pe").map((g) => [g.from, g.to, g.reason?.reason])).toEqual([
    ["2017-01-02", "2017-01-03", "missing_input"],
    ["2017-01-04", "2017-01-04", "negative_denominator"],
    ["2017-01-06", "2017-01-06", "negative_denominator"],
  ]);
});

it("dividends add up by fiscal years, in one currency, a year's own only without quarters", () => {
  const d = (fiscal_year: number | null, fiscal_quarter: number | null, amount_per_share: number, currency = "USD") => ({ fiscal_year, fiscal_quarter, amount_per_share, currency });
  const all = [d(2024, 1, 0.1), d(2024, 2, 0.2), d(2024, null, 9), d(2023, null, 0.5), d(2023, 1, 4, "EUR"), d(null, null, 7)];
  expect(dividendYears(all, "USD")).toEqual([
    { year: 2023, amount: 0.5, quarters: null },
    { year: 2024, amount: 0.3, quarters: 2 },
  ]);
});

describe("choices in the address of ratios", () => {
  it("are kept where they are ones", () => {
    const search = { listing: "BRK.B", range: "1y", basis: "filed", show: "altman_z,ev_to_ebit", scale: "log" };
    expect(validRatiosSearch(search)).toEqual(search);
    expect(ratiosSearch(validRatiosSearch(search), "BRK.A")).toEqual({ ...search, show: ["altman_z", "ev_to_ebit"] });
  });
  it("are left out where they are none", () => {
    expect(validRatiosSearch({ listing: "..", range: "2y", basis: "x", show: "A;b", scale: 1 })).toEqual({});
    expect(validRatiosSearch({ show: "a,b,c,d,e,f,g" })).toEqual({});
    expect(ratiosSearch({}, "AAPL")).toMatchObject({ listing: "AAPL", range: "5y", basis: "as_of", scale: "linear" });
  });
  it("show each ratio once", () => expect(ratiosSearch({ show: "altman_z,altman_z" }, "AAPL").show).toEqual(["altman_z"]));
});
