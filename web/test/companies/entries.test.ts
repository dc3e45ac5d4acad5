import { describe, expect, it } from "vitest";
import { isProblem } from "@edgevalue/client";
import { numberOf, read, separators, splitFields, statementFields, typed } from "../../src/companies/entries.ts";

const en = separators("en-US");
const de = separators("de-DE");
const messages = { whole: "must be whole", number: "must be a number" };

describe("numbers as people type them", () => {
  it.each([
    ["383,285,000,000", en, 0, 383285000000],
    ["383285", en, 6, 383285000000],
    ["1.5", en, 6, 1500000],
    ["1,5", de, 6, 1500000],
    ["383.285", de, 3, 383285000],
    ["383 285", en, 0, 383285],
    ["12'345", en, 0, 12345],
    ["-214", en, 6, -214000000],
    ["(214)", en, 6, -214000000],
    ["−3", en, 0, -3],
    ["0.205", en, 0, 0.205],
    ["-0", en, 0, 0],
    ["1/3", en, 0, undefined],
    ["1,5", en, 0, undefined],
    ["1.234,5", en, 0, undefined],
    ["1.234.567", en, 0, undefined],
    ["12.34", de, 0, undefined],
    ["9007199254740993", en, 0, undefined],
    ["", en, 0, undefined],
    ["-", en, 0, undefined],
  ])("reads %s", (text, signs, zeros, value) => {
    expect(numberOf(text, signs, zeros)).toBe(value);
  });
});

it.each(["en-US", "de-DE", "fr-FR", "de-CH", "en-IN", "sv-SE", "es-ES", "pl-PL", "ar-EG"])("reads again what it wrote in %s", (locale) => {
  for (const value of [0, 5, 1234, 123456, 383285000000, -88531000000, 0.205, -1234.56]) expect(numberOf(typed(value, locale), separators(locale))).toBe(value);
});

describe("forms", () => {
  const form = (values: Record<string, string>) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(values)) data.set(name, value);
    return data;
  };

  it("says only what was typed, amounts alone in their unit", () => {
    const said = form({ period: "annual", fiscal_year: "2023", end_date: "2023-09-30", currency: "USD ", total_revenues: "383,285", net_income: "", earnings_per_share: "6.16", shares_outstanding: "15,552,752,000", audited: "on" });
    expect(read(said, statementFields, { zeros: 6, locale: "en-US", messages })).toEqual({
      period: "annual",
      fiscal_year: 2023,
      end_date: "2023-09-30",
      currency: "USD",
      total_revenues: 383285000000,
      earnings_per_share: 6.16,
      shares_outstanding: 15552752000,
      audited: true,
    });
  });

  it("refuses what it cannot read, beside the field", () => {
    let thrown: unknown;
    try {
      read(form({ total_revenues: "1.5", net_income: "lots", ratio: "x" }), { ...statementFields, ...splitFields }, { zeros: 0, locale: "en-US", messages });
    } catch (e) {
      thrown = e;
    }
    expect(isProblem(thrown, "invalid") && thrown.errors).toEqual([
      { field: "/total_revenues", message: "must be whole" },
      { field: "/net_income", message: "must be whole" },
      { field: "/ratio", message: "must be a number" },
    ]);
  });
});
