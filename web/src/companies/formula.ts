import type { Schemas } from "../api.ts";

type Definition = Schemas["MetricDefinition"];
type Term = Schemas["MetricTerm"];

/** A word of a formula that names a figure, a metric or a term. */
export interface Name {
  /** As it stands in the formula. */
  text: string;
  id: string;
  /** How many years before the statement's own. */
  ago: number;
  /** Of the twelve months that end with the statement. */
  ttm: boolean;
  /** Counts as 0 if it is not known. */
  orZero: boolean;
}

export type Token = string | Name;

const word = /(-\d+\.)?(ttm\.)?\b([A-Za-z_][A-Za-z0-9_]*)(\[k\])?(?:\((\d+)\))?/g;

/** The names that formulas can have: of all metrics, of the terms, and of the figures that they read. */
export function namesOf({ items, terms }: Schemas["MetricDefinitions"]): Set<string> {
  const names = new Set<string>();
  for (const d of items) {
    names.add(d.id);
    for (const i of d.inputs) names.add(i.replace(/^(-\d+\.)?(ttm\.)?/, ""));
    for (const w of d.where) names.add(w.id);
  }
  for (const term of terms) names.add(term.id);
  return names;
}

const signs: Record<string, string> = { "<=": "≤", ">=": "≥", "*": "×", "-": "−", x: "×" };
const typeset = (text: string) => text.replace(/<=|>=|\*|(?<![\p{L}\d_])x(?![\p{L}\d_])|-/gu, (s) => signs[s] ?? s);

/**
 * A formula by its names and what stands between them, with the signs of arithmetic.
 *
 * @example
 * tokens("1.2 x ttm.ebit / avg(total_assets)", names); // ["1.2 × ", {id: "ebit", ttm: true, …}, " / avg(", …]
 */
export function tokens(formula: string, names: ReadonlySet<string>): Token[] {
  const out: Token[] = [];
  let at = 0;
  for (const m of formula.matchAll(word)) {
    const [text, before, ttm, id = "", orZero, years] = m;
    if (!names.has(id)) continue;
    if (m.index > at) out.push(typeset(formula.slice(at, m.index)));
    out.push({ text, id, ttm: ttm !== undefined, orZero: orZero !== undefined, ago: years === undefined ? -Number.parseInt(before ?? "0") || 0 : Number(years) });
    at = m.index + text.length;
  }
  if (at < formula.length) out.push(typeset(formula.slice(at)));
  return out;
}

/** The terms that a formula uses: its own, and those of several formulas; each with those that it needs itself before it. */
export function termsOf(d: Pick<Definition, "formula" | "where">, shared: readonly Term[], names: ReadonlySet<string>): Term[] {
  const all = [...d.where, ...shared];
  const out = new Map<string, Term>();
  const read = (formula: string) => {
    for (const token of tokens(formula, names)) {
      if (typeof token === "string" || out.has(token.id)) continue;
      const term = all.find((w) => w.id === token.id);
      if (!term) continue;
      read(term.formula);
      out.set(term.id, term);
    }
  };
  read(d.formula);
  for (const own of d.where) {
    read(own.formula);
    out.set(own.id, own);
  }
  return [...out.values()];
}

const short = new Map([["ebit", "EBIT"], ["ebitda", "EBITDA"], ["nopat", "NOPAT"]]);

/** What is named in a formula, as words: `total_assets` is total assets. */
export const spoken = (id: string): string => short.get(id) ?? id.replaceAll("_", " ");
