import type { Schemas } from "../api.ts";
import { fixed, millions, none, number, percent } from "../format.ts";
import { t } from "../words/index.ts";
import { spoken } from "./formula.ts";
import { figureName } from "./statement-rows.ts";

type Definition = Schemas["MetricDefinition"];
type Null = Schemas["MetricNull"];
type Listed<T> = T extends string ? (string extends T ? never : T) : never;

// A new reason of the contract is an error here until it has words.
const reasons: Record<string, string> = t.figures.reasons satisfies Record<Listed<Schemas["MetricReason"]>, string>;

const at = (words: Record<string, string>, key: string) => words[key];

/** What a group of metrics is called; the API may have more than the page knows. */
export const groupLabel = (id: string): string => at(t.metrics.groups, id) ?? id.replaceAll("_", " ");

/** What a unit is called. */
export const unitLabel = (unit: string): string => at(t.metrics.units, unit) ?? unit.replaceAll("_", " ");

/** What a metric is of. */
export const scopeLabel = (scope: string): string => at(t.metrics.scopes, scope) ?? scope;

/** What a term of a formula is called, a signal or a variable of a score. */
export const termLabel = (id: string): string => at(t.metrics.signals, id) ?? spoken(id);

/** A value of a metric in a column of values of its unit; money is in millions. */
export function metricValue(unit: string, value: number | null | undefined): string {
  if (value == null) return none;
  switch (unit) {
    case "fraction":
      return percent(value);
    case "money":
      return millions(value);
    case "days":
      return fixed(value, 1);
    case "count":
      return number(value, 0);
    default:
      return fixed(value, 2);
  }
}

/** Why a metric is null, in words, with what is missing; `metric` is the definition of an id. */
export function nullReason(reason: Null | null | undefined, metric?: (id: string) => Definition | undefined): string {
  if (!reason) return t.metrics.unknown;
  const words = reasons[reason.reason] ?? reason.reason.replaceAll("_", " ");
  const inputs = reason.missing_inputs.map((path) => figureName(path, (id) => metric?.(id)?.label ?? spoken(id)));
  return inputs.length > 0 ? t.metrics.reasonOf(words, inputs.join("; ")) : words;
}

/** Definitions by their groups, in the order in which the groups come first. */
export function byGroup(definitions: readonly Definition[]): [string, Definition[]][] {
  const groups = new Map<string, Definition[]>();
  for (const d of definitions) {
    const group = groups.get(d.group);
    if (group) group.push(d);
    else groups.set(d.group, [d]);
  }
  return [...groups];
}

/** Whether a definition has all words of a query, in whatever order. */
export function matches(d: Definition, query: string): boolean {
  const text = [d.id, d.id.replaceAll("_", " "), d.label, groupLabel(d.group), d.formula, d.source, d.caveat].join(" ").toLowerCase();
  return query.toLowerCase().split(/\s+/).every((part) => text.includes(part));
}
