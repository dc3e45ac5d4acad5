import type { Schemas } from "../api.ts";
import { namesOf, termsOf, tokens, type Name } from "./formula.ts";

type Definitions = Schemas["MetricDefinitions"];
type Definition = Schemas["MetricDefinition"];

/** The value that a name of a formula has; undefined where that is not told. */
export type Lookup = (name: Name) => number | null | undefined;

/** Whether a day is one of another, some years before, as the API counts: within 7 days of the same day of that year. */
export function isYearsBefore(end: string, of: string, years: number): boolean {
  const same = new Date(`${of}T00:00:00Z`);
  same.setUTCFullYear(same.getUTCFullYear() - years);
  return Math.abs(Date.parse(`${end}T00:00:00Z`) - same.getTime()) <= 7 * 86_400_000;
}

const numeric = (of: object, key: string): number | null | undefined => {
  const v = (of as Record<string, unknown>)[key];
  return typeof v === "number" || v === null ? v : undefined;
};

/** Values as the statements of a company have them, for formulas of the one that ends on a day. */
export function ofStatements(end: string, statements: readonly Schemas["FinancialStatement"][], metrics: readonly Schemas["ValueMetrics"][]): Lookup {
  const currency = (metrics.find((m) => m.end_date === end) ?? statements.find((s) => s.end_date === end))?.currency;
  return ({ id, ago, ttm }) => {
    const is = (v: { end_date: string; currency: string }) => v.currency === currency && isYearsBefore(v.end_date, end, ago);
    const statement = statements.find(is);
    const values = metrics.find(is);
    if (!ttm) return (statement && numeric(statement, id)) ?? (values && numeric(values.metrics, id)) ?? (statement && numeric(statement, id));
    const sum = values && numeric(values.ttm, id);
    // The twelve months of a year are the year.
    return sum === undefined && statement?.period === "annual" ? numeric(statement, id) : sum;
  };
}

/** Values that a metric of a trading day was made of, as its explanation has them, and the metrics of the day. */
export function ofDay(day: Schemas["DailyRatios"], explanation: Schemas["Explanation"] | null | undefined): Lookup {
  return ({ id, ago, ttm }) => {
    const of = day.statement_end_date;
    const found = explanation?.inputs.find(
      (i) => i.metric === id || (i.field === (ttm ? `ttm.${id}` : id) && i.statement !== undefined && of !== null && isYearsBefore(i.statement.end_date, of, ago)),
    );
    return found?.value ?? numeric(day.metrics, id);
  };
}

/** The values of a figure in all years that an explanation tells, the newest first. */
export function seriesOf(id: string, explanation: Schemas["Explanation"] | null | undefined): { end: string; value: number }[] {
  return (explanation?.inputs ?? [])
    .flatMap((i) => (i.field === id && i.statement?.period === "annual" ? [{ end: i.statement.end_date, value: i.value }] : []))
    .sort((a, b) => b.end.localeCompare(a.end));
}

/** Whether a formula speaks of a row of years rather than of one value for each of its names. */
export const isOfYears = (formula: string): boolean => /\bin each of|\bmean of/.test(formula);

/** The value of a formula of the four operations; null where an input is not known, or the formula is another. */
export function evaluate(formula: string, names: ReadonlySet<string>, lookup: Lookup): number | null {
  let text = "";
  for (const token of tokens(formula, names)) {
    const value = typeof token === "string" ? token : (lookup(token) ?? (token.orZero ? 0 : null));
    if (value === null) return null;
    text += typeof value === "string" ? value : `(${value < 0 ? "−" : ""}${String(Math.abs(value))})`;
  }
  const parts = text.match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?|[^\s]/g) ?? [];
  let at = 0;
  const atom = (): number => {
    const part = parts[at++] ?? "";
    if (part === "−") return -atom();
    if (part !== "(") return Number(part);
    const value = sum();
    return parts[at++] === ")" ? value : Number.NaN;
  };
  const product = (): number => {
    let value = atom();
    while (parts[at] === "×" || parts[at] === "/") value = parts[at++] === "×" ? value * atom() : value / atom();
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (parts[at] === "+" || parts[at] === "−") value = parts[at++] === "+" ? value + product() : value - product();
    return value;
  };
  const value = sum();
  return at === parts.length && Number.isFinite(value) ? value : null;
}

/** A lookup that knows the terms of formulas as well, such as `shares`. */
export function withTerms(lookup: Lookup, { terms }: Definitions, names: ReadonlySet<string>): Lookup {
  return (name) => {
    const value = lookup(name);
    const term = terms.find((w) => w.id === name.id);
    if (value !== undefined || !term) return value;
    return evaluate(term.formula, names, (inner) => lookup({ ...inner, ago: inner.ago + name.ago }));
  };
}

/** A part of a score: a signal that holds or not, or a variable with its value. */
export interface Part {
  id: string;
  formula: string;
  holds?: boolean | null;
  value?: number | null;
}

/** The parts of a score, in the order of its definition. */
export function partsOf(
  d: Definition,
  all: Definitions,
  of: { signals: Schemas["MetricSignals"]; variables?: Schemas["MetricVariables"] },
  lookup: Lookup,
): Part[] {
  const signals = of.signals[d.id];
  const variables = of.variables?.[d.id];
  const names = namesOf(all);
  if (signals) return d.where.map(({ id, formula }) => ({ id, formula, holds: signals[id] ?? null }));
  if (variables) return d.where.map(({ id, formula }) => ({ id, formula, value: variables[id] ?? null }));
  return termsOf(d, all.terms, names).map(({ id, formula }) => ({ id, formula, value: evaluate(formula, names, lookup) }));
}

/** What a definition says of values below and above its limits. */
export type Zone = "distress" | "grey" | "safe" | "flagged" | "clear";

/** The zone that a value is in, by the limits in the definition's own words; undefined where it names none. */
export function zoneOf({ caveat }: Pick<Definition, "caveat">, value: number | null | undefined): Zone | undefined {
  if (value == null) return undefined;
  const limits = /distress below (-?\d+\.\d+), safe above (-?\d+\.\d+)/.exec(caveat);
  if (limits) return value < Number(limits[1]) ? "distress" : value > Number(limits[2]) ? "safe" : "grey";
  const flag = /flag is above (-?\d+\.\d+)/.exec(caveat);
  if (flag) return value > Number(flag[1]) ? "flagged" : "clear";
  return undefined;
}

const first = ["piotroski_f_score", "altman_z", "altman_z_private", "altman_z_double_prime", "beneish_m_score", "graham_defensive_passed"];

/** The scores among the metrics: those with limits, signals or variables. */
export function scoresOf(all: Definitions, of: readonly { signals: Schemas["MetricSignals"]; variables?: Schemas["MetricVariables"] }[]): Definition[] {
  const has = (d: Definition) => first.includes(d.id) || of.some((o) => d.id in o.signals || (o.variables !== undefined && d.id in o.variables));
  const rank = (d: Definition) => (first.includes(d.id) ? first.indexOf(d.id) : first.length);
  return all.items.filter(has).sort((a, b) => rank(a) - rank(b));
}
