import type { Schemas } from "../api.ts";
import { t } from "../words/index.ts";
import { figureName, placed, sections, type Figure, type Flow, type Kind, type SectionId, type Statement } from "./statement-rows.ts";
import type { View } from "./statement-view.ts";
import type { ExportTable } from "./table-export.ts";

export type TwelveMonths = Schemas["TrailingTwelveMonths"];
export type Restatement = Schemas["Restatement"];

/** A period: its statement, and the twelve months that end with it where these are shown. */
export interface Column {
  statement: Statement;
  months?: TwelveMonths | undefined;
}

/** The columns of statements, the newest first; of twelve months those that have them. */
export function columnsOf(statements: readonly Statement[], months?: readonly Schemas["ValueMetrics"][]): Column[] {
  if (!months) return statements.map((statement) => ({ statement }));
  const by = new Map(months.map((m) => [m.statement_id, m.ttm]));
  return statements.flatMap((statement) => {
    const ttm = by.get(statement.id);
    return ttm ? [{ statement, months: ttm }] : [];
  });
}

// Of the twelve months there are flows alone; what stands at their end is the statement's.
const atEnd = new Set<Figure>([...(sections.find((s) => s.id === "balance_sheet")?.fields ?? []), "shares_outstanding"]);

/** Whether a figure is one of the day on which a period ends. */
export const isAtEnd = (field: Figure): boolean => atEnd.has(field);

/** A figure of a period, null if it is not known, undefined if the twelve months have no such figure. */
export function figureOf({ statement, months }: Column, field: Figure): number | null | undefined {
  if (!months || isAtEnd(field)) return statement[field];
  return field in months ? months[field as Flow] : undefined;
}

const days = (a: string, b: string): number => (Date.parse(a) - Date.parse(b)) / 86_400_000;

/** The period that ended a year before, in the same currency: 52 or 53 weeks, or a calendar year. */
export const yearBefore = (columns: readonly Column[], { statement: s }: Column): Column | undefined =>
  columns.find(({ statement: old }) => old.period === s.period && old.currency === s.currency && Math.abs(days(s.end_date, old.end_date) - 365) <= 10);

/** The growth from one figure to another; null from what is not above zero, as it means nothing. */
export const growthOf = (now: number | null | undefined, before: number | null | undefined): number | null =>
  now == null || before == null || before <= 0 ? null : now / before - 1;

/** A restatement as a cell shows it: what the first report had, and each change since, the oldest first. */
export interface Change {
  first: number | null;
  all: Restatement[];
}

const cellKey = (statement: number, field: string): string => `${statement}.${field}`;

/** What later filings changed, by statement and figure, splits and first values apart. */
export function changesOf(restatements: readonly Restatement[]): Map<string, Change> {
  const out = new Map<string, Change>();
  const oldest = restatements.filter((r) => r.kind === "changed" || r.kind === "removed").toSorted((a, b) => a.known_from.localeCompare(b.known_from) || a.id - b.id);
  for (const r of oldest) {
    const key = cellKey(r.statement_id, r.field);
    const change = out.get(key);
    if (change) change.all.push(r);
    else out.set(key, { first: r.old, all: [r] });
  }
  return out;
}

const onShareBasis = new Set<Figure>(sections.find((s) => s.id === "per_share")?.fields);

/** Whether a figure is an amount per share or a count of shares, which splits change. */
export const isOfShares = (field: Figure): boolean => onShareBasis.has(field);

export const isPerShare = (field: Figure): boolean => field.endsWith("_per_share") || field.startsWith("earnings_per_share");

type Mark = keyof typeof t.statements.marks;

// The figures that a mark is about; the other marks are about the period.
const concerned: Partial<Record<Mark, readonly Figure[]>> = {
  bank: ["total_revenues", "ebit", "ebitda"],
  cash_with_restricted: ["cash_and_equivalents"],
  debt_unknown: ["total_debt", "long_term_debt"],
  ebit_operating_income: ["ebit", "ebitda"],
  implausible_shares: ["shares_outstanding"],
  partial_cost: ["cost_of_revenue"],
  partial_debt: ["total_debt"],
  shares_from_weighted_average: ["shares_outstanding"],
  untaxed: ["tax_expense"],
};

/** A mark in words. */
export const markWords = (mark: string): string => (t.statements.marks as Readonly<Record<string, string>>)[mark] ?? mark;

export interface Cell {
  value: number | null | undefined;
  growth: number | null;
  change?: Change | undefined;
  /** The marks of the period that are about this figure. */
  marks: string[];
}

export interface Row {
  field: Figure;
  name: string;
  kind: Kind;
  cells: Cell[];
}

export interface Section {
  id: SectionId;
  rows: Row[];
  /** Figures that none of the periods has. */
  absent: Figure[];
}

export interface Table {
  view: View;
  /** In the order in which they stand. */
  columns: Column[];
  currency: string;
  /** Whether all columns are in that currency. */
  oneCurrency: boolean;
  sections: Section[];
  /** The marks of the periods, numbered from 1 by their places. */
  notes: string[];
}

/** The marks of a column and, where EBIT is not computed as in most, one for that. */
const marksOf = ({ statement, months }: Column): string[] => {
  if (months) return months.marks;
  const isOther: Mark[] = statement.ebit_basis === "operating_income" ? ["ebit_operating_income"] : [];
  return [...statement.marks, ...isOther];
};

/** Builds the table of a view of columns that come the newest first, with those of the year before. */
export function buildTable(view: View, known: readonly Column[], changes: ReadonlyMap<string, Change>): Table {
  const shown = known.slice(0, Number(view.years) * (view.period === "annual" ? 1 : 4));
  const columns = view.order === "oldest" ? shown.toReversed() : shown;
  const before = columns.map((c) => yearBefore(known, c));
  const cell = (c: Column, i: number, field: Figure): Cell => {
    const value = figureOf(c, field);
    const old = before[i];
    return {
      value,
      // As filed, a split would be a growth of shares.
      growth: view.basis === "filed" && isOfShares(field) ? null : growthOf(value, old && figureOf(old, field)),
      change: !c.months || isAtEnd(field) ? changes.get(cellKey(c.statement.id, field)) : undefined,
      marks: marksOf(c).filter((m) => concerned[m as Mark]?.includes(field)),
    };
  };
  const currency = columns.find((c) => c.statement.currency)?.statement.currency ?? "";
  return {
    view,
    columns,
    currency,
    oneCurrency: columns.every((c) => c.statement.currency === currency),
    notes: [...new Set(columns.flatMap(marksOf))],
    sections: sections
      .filter(({ id }) => view.view === "all" || view.view === id)
      .map(({ id, fields }) => {
        const rows = fields
          .map((field): Row => ({ field, name: figureName(field), kind: placed[field], cells: columns.map((c, i) => cell(c, i, field)) }))
          .filter((r) => r.cells.some((c) => c.value !== undefined));
        const isAbsent = (r: Row) => r.cells.every((c) => c.value == null && !c.change && c.marks.length === 0);
        return { id, rows: rows.filter((r) => !isAbsent(r)), absent: rows.filter(isAbsent).map((r) => r.field) };
      }),
  };
}

/** The numbers of a column's notes. */
export const notesOf = (table: Table, marks: readonly string[]): number[] => marks.map((m) => table.notes.indexOf(m) + 1);
export { marksOf };

/** What a period is called: FY 2025, Q1 2026, TTM Q1 2026. */
export function columnName({ statement: s, months }: Column): string {
  const name = s.fiscal_quarter === null ? t.statements.fiscalYear(s.fiscal_year) : t.statements.fiscalQuarter(s.fiscal_quarter, s.fiscal_year);
  return months ? t.statements.ttmName(name) : name;
}

/** The table with exact numbers, as it is copied and saved. */
export function exportStatements({ columns, sections: parts, view, currency }: Table, company: string): ExportTable {
  const growth = view.growth === "yes";
  const each = (f: (c: Column) => string, g = "") => columns.flatMap((c) => (growth ? [f(c), g] : [f(c)]));
  return {
    caption: t.statements.caption(company, t.statements.periods[view.period], currency),
    head: [t.statements.figure, ...each(columnName, t.statements.yearOnYear)],
    rows: [
      [t.statements.periodEnd, ...each((c) => c.statement.end_date)],
      [t.statements.published, ...each((c) => c.statement.publish_date)],
      [t.statements.currency, ...each((c) => c.statement.currency)],
      ...parts.flatMap((p) => p.rows.map((r) => [r.name, ...r.cells.flatMap((c) => (growth ? [c.value ?? null, c.growth] : [c.value ?? null]))])),
    ],
  };
}
