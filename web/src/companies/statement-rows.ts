import type { Schemas } from "../api.ts";
import { t } from "../words/index.ts";

export type Statement = Schemas["FinancialStatement"];

type NumberKeys<T> = { [K in keyof T]-?: NonNullable<T[K]> extends number ? K : never }[keyof T] & string;

/** A figure of a statement: every number that is not a key of it. */
export type Figure = Exclude<NumberKeys<Statement>, "id" | "company_id" | "fiscal_year" | "fiscal_quarter" | "rules_version">;

/** A figure of the twelve months. */
export type Flow = NumberKeys<Schemas["TrailingTwelveMonths"]>;

/** How a row looks: `total` is set apart, an `item` is indented below it, a `part` once more. */
export type Kind = "total" | "item" | "part";

type Placed = Partial<Record<Figure, Kind>>;

// The order is that of the rows.
const income = {
  total_revenues: "total",
  cost_of_revenue: "item",
  gross_profit: "total",
  research_and_development: "item",
  selling_general_administrative: "item",
  operating_income: "total",
  interest_income: "item",
  interest_expense: "item",
  profit_before_tax: "total",
  tax_expense: "item",
  net_income: "total",
  preferred_dividends: "item",
  ebit: "total",
  depreciation: "part",
  amortization: "part",
  depreciation_and_amortization: "item",
  ebitda: "total",
} as const satisfies Placed;

const cashFlow = {
  stock_based_compensation: "item",
  operating_cash_flow: "total",
  capital_expenditure: "item",
  free_cash_flow: "total",
  acquisitions: "item",
  investing_cash_flow: "total",
  dividends_paid: "item",
  share_repurchases: "item",
  financing_cash_flow: "total",
  exchange_rate_effect: "item",
  net_change_in_cash: "total",
  income_taxes_paid: "item",
  interest_paid: "item",
} as const satisfies Placed;

const balanceSheet = {
  cash_and_equivalents: "item",
  short_term_investments: "item",
  receivables: "item",
  inventory: "item",
  current_assets: "total",
  long_term_investments: "item",
  property_plant_equipment: "item",
  goodwill: "item",
  intangible_assets: "item",
  non_current_assets: "total",
  total_assets: "total",
  accounts_payable: "item",
  deferred_revenue_current: "item",
  short_term_debt: "item",
  current_liabilities: "total",
  long_term_debt: "item",
  long_term_liabilities: "total",
  total_liabilities: "total",
  temporary_equity: "item",
  retained_earnings: "item",
  preferred_stock: "item",
  noncontrolling_interest: "item",
  total_equity: "total",
  total_equities_and_liabilities: "total",
  total_debt: "item",
  operating_lease_liability: "item",
} as const satisfies Placed;

const perShare = {
  earnings_per_share: "item",
  earnings_per_share_diluted: "item",
  dividends_per_share: "item",
  weighted_average_shares: "item",
  weighted_average_shares_diluted: "item",
  shares_outstanding: "item",
} as const satisfies Placed;

/** The place of every figure: a new one of the contract is an error here until it has one. */
export const placed = { ...income, ...cashFlow, ...balanceSheet, ...perShare } satisfies Record<Figure, Kind>;

const names: Record<Figure, string> = t.figures.names;

/** The sections in the order in which people read them. */
export const sections = (
  [
    ["income", income],
    ["cash_flow", cashFlow],
    ["balance_sheet", balanceSheet],
    ["per_share", perShare],
  ] as const
).map(([id, rows]) => ({ id, fields: Object.keys(rows) as Figure[] }));

export type SectionId = "income" | "cash_flow" | "balance_sheet" | "per_share";

/**
 * The name of a figure by its path in formulas and reasons: `x`, `ttm.x`, `-1.x` of a year ago, `x(2019)` of a fiscal year.
 * What is no figure, such as a metric, has its name of `other`, or stands as it is.
 */
export function figureName(path: string, other?: (id: string) => string | undefined): string {
  const words = t.figures;
  const months = /^ttm\.(.+)$/.exec(path);
  if (months?.[1] !== undefined) return words.twelveMonths(figureName(months[1], other));
  const ago = /^-(\d+)\.(.+)$/.exec(path);
  if (ago?.[1] !== undefined && ago[2] !== undefined) return words.yearsAgo(figureName(ago[2], other), Number(ago[1]));
  const year = /^(.+)\((\d{4})\)$/.exec(path);
  if (year?.[1] !== undefined && year[2] !== undefined) return words.ofYear(figureName(year[1], other), year[2]);
  return Object.hasOwn(names, path) ? names[path as Figure] : (other?.(path) ?? path);
}
