import type { Schemas } from "../api.ts";
import type { Flow } from "./statement-rows.ts";

type ValueMetrics = Schemas["ValueMetrics"];

/** The metrics that are compared if the address names none. */
export const usual = [
  "ttm.total_revenues",
  "ttm.net_income",
  "ttm.free_cash_flow",
  "gross_profit_margin",
  "operating_margin",
  "free_cash_flow_margin",
  "return_on_invested_capital",
  "return_on_equity",
  "debt_to_equity",
  "current_ratio",
  "revenue_growth_5y",
  "earnings_per_share_growth_5y",
  "share_count_growth_5y",
  "piotroski_f_score",
  "price_to_earnings_ratio_ttm",
  "ev_to_ebit",
  "free_cash_flow_yield",
];

/** The ids of metrics of an address, each once; those of `none` are none. */
export const parseMetrics = (text: string | undefined): string[] =>
  text === undefined ? usual : [...new Set(text.split(",").map((id) => id.trim()))].filter((id) => id !== "" && id !== "none");

/** The metrics for an address: the usual ones need none. */
export const writeMetrics = (ids: readonly string[]): string | undefined =>
  ids.length === 0 ? "none" : ids.join() === usual.join() ? undefined : ids.join();

/** The figure that an id such as `ttm.net_income` is of. */
export const flowOf = (id: string): Flow | undefined => (id.startsWith("ttm.") ? (id.slice(4) as Flow) : undefined);

/** A value of a statement: of a metric, or of a figure of its twelve months. */
export function valueOf(id: string, of: ValueMetrics | undefined): number | null | undefined {
  const flow = flowOf(id);
  const value: unknown = flow === undefined ? of?.metrics[id] : of?.ttm[flow];
  return typeof value === "number" || value === null ? value : undefined;
}

/** Which of some values are the best, if two or more are known and they differ. */
export function best(values: readonly (number | null | undefined)[], better: Schemas["MetricDefinition"]["better"]): number[] {
  const known = values.filter((v) => typeof v === "number");
  if (better === "none" || known.length < 2) return [];
  const top = better === "higher" ? Math.max(...known) : Math.min(...known);
  return known.every((v) => v === top) ? [] : values.flatMap((v, i) => (v === top ? [i] : []));
}

/** Fiscal periods of several companies, side by side. */
export interface FiscalPeriod {
  year: number;
  quarter: number | null;
  /** By company; undefined where it has none. */
  of: (ValueMetrics | undefined)[];
}

/** The statements of companies by the fiscal period that each calls them, the newest first. */
export function byFiscalPeriod(companies: readonly (readonly ValueMetrics[])[]): FiscalPeriod[] {
  const periods = new Map<string, FiscalPeriod>();
  companies.forEach((items, i) => {
    for (const item of items) {
      const key = `${item.fiscal_year} ${item.fiscal_quarter ?? 0}`;
      const period = periods.get(key) ?? { year: item.fiscal_year, quarter: item.fiscal_quarter, of: companies.map(() => undefined) };
      // Of two of one name, as in a transition, the newer one counts: it comes first.
      period.of[i] ??= item;
      periods.set(key, period);
    }
  });
  return [...periods.values()].sort((a, b) => b.year - a.year || (b.quarter ?? 0) - (a.quarter ?? 0));
}
