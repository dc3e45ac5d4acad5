import type { Schemas } from "../api.ts";

/** What was declared per share for a fiscal year. */
export interface DividendYear {
  year: number;
  amount: number;
  /** How many quarters it is of, null if it is of the year as a whole. */
  quarters: number | null;
}

type Dividend = Pick<Schemas["Dividend"], "fiscal_year" | "fiscal_quarter" | "amount_per_share" | "currency">;

/** Dividends in a currency by fiscal years, the oldest first. A year whose quarters have some does not count its own as well. */
export function dividendYears(dividends: readonly Dividend[], currency: string): DividendYear[] {
  const years = new Map<number, Dividend[]>();
  for (const d of dividends) {
    if (d.fiscal_year === null || d.currency !== currency) continue;
    years.set(d.fiscal_year, [...(years.get(d.fiscal_year) ?? []), d]);
  }
  return [...years]
    .map(([year, all]) => {
      const quarters = all.filter((d) => d.fiscal_quarter !== null);
      const counted = quarters.length > 0 ? quarters : all;
      const sum = counted.reduce((s, d) => s + d.amount_per_share, 0);
      return { year, amount: Number(sum.toPrecision(12)), quarters: quarters.length > 0 ? quarters.length : null };
    })
    .sort((a, b) => a.year - b.year);
}
