import type { Schemas } from "../api.ts";

export type StatementInput = Schemas["FinancialStatementInput"];
export type DividendInput = Schemas["DividendInput"];
export type SplitInput = Schemas["SplitInput"];

/** How a field is typed. `kept` is what a form does not ask: it comes with what is replaced. */
export type FieldKind = "amount" | "shares" | "decimal" | "integer" | "date" | "text" | "flag" | "period" | "kept";
export type FieldKinds = Readonly<Record<string, FieldKind>>;

/** The fields of a statement by the parts of the form. */
export const statementParts = {
  statement: {
    period: "period",
    fiscal_year: "integer",
    fiscal_quarter: "integer",
    start_date: "date",
    end_date: "date",
    publish_date: "date",
    currency: "text",
    url: "text",
    audited: "flag",
  },
  income: {
    total_revenues: "amount",
    cost_of_revenue: "amount",
    gross_profit: "amount",
    research_and_development: "amount",
    selling_general_administrative: "amount",
    operating_income: "amount",
    interest_income: "amount",
    interest_expense: "amount",
    profit_before_tax: "amount",
    tax_expense: "amount",
    net_income: "amount",
    preferred_dividends: "amount",
    depreciation: "amount",
    amortization: "amount",
    depreciation_and_amortization: "amount",
  },
  cash_flow: {
    operating_cash_flow: "amount",
    stock_based_compensation: "amount",
    income_taxes_paid: "amount",
    interest_paid: "amount",
    capital_expenditure: "amount",
    acquisitions: "amount",
    investing_cash_flow: "amount",
    dividends_paid: "amount",
    share_repurchases: "amount",
    financing_cash_flow: "amount",
    exchange_rate_effect: "amount",
    net_change_in_cash: "amount",
  },
  balance_sheet: {
    cash_and_equivalents: "amount",
    short_term_investments: "amount",
    receivables: "amount",
    inventory: "amount",
    current_assets: "amount",
    long_term_investments: "amount",
    property_plant_equipment: "amount",
    goodwill: "amount",
    intangible_assets: "amount",
    non_current_assets: "amount",
    total_assets: "amount",
    accounts_payable: "amount",
    deferred_revenue_current: "amount",
    short_term_debt: "amount",
    current_liabilities: "amount",
    long_term_debt: "amount",
    long_term_liabilities: "amount",
    operating_lease_liability: "amount",
    total_liabilities: "amount",
    temporary_equity: "amount",
    preferred_stock: "amount",
    retained_earnings: "amount",
    noncontrolling_interest: "amount",
    total_equity: "amount",
    total_equities_and_liabilities: "amount",
  },
  per_share: {
    earnings_per_share: "decimal",
    earnings_per_share_diluted: "decimal",
    dividends_per_share: "decimal",
    weighted_average_shares: "shares",
    weighted_average_shares_diluted: "shares",
    per_share_basis_date: "date",
    shares_outstanding: "shares",
    shares_outstanding_basis_date: "date",
    adjusted_to: "kept",
  },
} as const;

/** All fields of a statement: a new one in the contract must be given a part above. */
export const statementFields = {
  ...statementParts.statement,
  ...statementParts.income,
  ...statementParts.cash_flow,
  ...statementParts.balance_sheet,
  ...statementParts.per_share,
} satisfies Record<keyof StatementInput, FieldKind>;

export const dividendFields = {
  amount_per_share: "decimal",
  currency: "text",
  publish_date: "date",
  fiscal_year: "integer",
  fiscal_quarter: "integer",
  period_end: "date",
  declaration_date: "date",
  ex_dividend_date: "date",
  record_date: "date",
  payment_date: "date",
  share_basis_date: "date",
} as const satisfies Record<keyof DividendInput, FieldKind>;

export const splitFields = { effective_date: "date", ratio: "decimal" } as const satisfies Record<keyof SplitInput, FieldKind>;

/** What separates digits and decimals where the browser is. */
export function separators(locale: string): { group: string; decimal: string } {
  const parts = new Intl.NumberFormat(locale, { useGrouping: true, numberingSystem: "latn" }).formatToParts(-12_345_678.9);
  const of = (type: string, otherwise: string) => parts.find((p) => p.type === type)?.value ?? otherwise;
  return { group: of("group", ","), decimal: of("decimal", ".") };
}

/**
 * The number that a text says, exactly, in units of 10 to the power of `zeros`; undefined if it says none or not exactly.
 * Spaces, apostrophes and the separator of the locale group digits.
 */
export function numberOf(text: string, { group, decimal }: { group: string; decimal: string }, zeros = 0): number | undefined {
  text = text.replace(/[\u061c\u200e\u200f]/g, "");
  const sign = /^\s*(?:[-−]|\()/.test(text) ? "-" : "";
  let digits = text.replace(/^\s*\((.*)\)\s*$/, "$1").replace(/^\s*[-−+]/, "").replace(/[\s'’_]/g, "");
  if (group.trim() !== "" && digits.includes(group)) {
    // Digits are grouped throughout or not at all, else it may be the decimal separator of another locale.
    const [whole = "", ...rest] = digits.split(decimal);
    if (!/^\d{1,3}(?:\D\d{2,3})*\D\d{3}$/.test(whole)) return undefined;
    digits = [whole.replaceAll(group, ""), ...rest].join(decimal);
  }
  const match = /^(\d+)(?:\.(\d+))?$/.exec(digits.replace(decimal, "."));
  if (!match || (decimal !== "." && digits.includes("."))) return undefined;
  const [, whole = "", fraction = ""] = match;
  const moved = fraction.padEnd(zeros, "0");
  const value = Number(`${sign}${whole}${moved.slice(0, zeros)}${moved.length > zeros ? `.${moved.slice(zeros)}` : ""}`);
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : value + 0;
}

/** A number as a person would type it, so that `numberOf` reads it again. */
export const typed = (value: number, locale: string): string =>
  new Intl.NumberFormat(locale, { numberingSystem: "latn", maximumFractionDigits: 20 }).format(value);

/** A mistake that needs no server to be found, as one that the server found. */
class Mistaken extends Error {
  readonly type = "/problems/invalid";
  readonly title = "";
  readonly status = 422;
  constructor(readonly errors: { field: string; message: string }[]) {
    super("invalid");
  }
}

interface Reading {
  /** The power of ten in which amounts are typed. */
  zeros: number;
  locale: string;
  messages: { whole: string; number: string };
}

/** What a form says, by its fields. Empty ones are not said. Throws what cannot be read, as a problem. */
export function read(form: FormData, fields: FieldKinds, { zeros, locale, messages }: Reading): Record<string, unknown> {
  const wrong: { field: string; message: string }[] = [];
  const input: Record<string, unknown> = {};
  const signs = separators(locale);
  for (const [field, kind] of Object.entries(fields)) {
    const said = form.get(field);
    if (kind === "flag") {
      input[field] = said !== null;
      continue;
    }
    if (typeof said !== "string" || said.trim() === "") continue;
    if (kind === "date" || kind === "text" || kind === "period" || kind === "kept") {
      input[field] = said.trim();
      continue;
    }
    const value = numberOf(said, signs, kind === "amount" ? zeros : 0);
    if (value === undefined || (kind !== "decimal" && !Number.isSafeInteger(value))) {
      wrong.push({ field: `/${field}`, message: kind === "decimal" ? messages.number : messages.whole });
    } else input[field] = value;
  }
  if (wrong.length > 0) throw new Mistaken(wrong);
  return input;
}
