import type { ShareBasis } from "./queries.ts";
import type { SectionId } from "./statement-rows.ts";

const choices = {
  period: ["annual", "quarterly", "ttm"],
  years: ["5", "10", "20"],
  unit: ["millions", "whole"],
  basis: ["as_of", "filed"],
  order: ["newest", "oldest"],
  growth: ["no", "yes"],
  bars: ["yes", "no"],
  view: ["all", "income", "cash_flow", "balance_sheet", "per_share"],
} as const satisfies { period: unknown; years: unknown; unit: unknown; basis: readonly ShareBasis[]; order: unknown; growth: unknown; bars: unknown; view: readonly ("all" | SectionId)[] };

type Choices = typeof choices;

/** What a person chose: the first of each list without a choice, but 10 years of annual statements. */
export type View = { [K in keyof Choices]: Choices[K][number] };

/** The choices as they stand in the address. */
export type ViewSearch = { [K in keyof View]?: View[K] | undefined };

/** The valid choices of an address; the others are undefined, so that they do not stay in it. */
export const viewSearch = (s: Record<string, unknown>): ViewSearch =>
  Object.fromEntries(Object.entries(choices).map(([k, values]) => [k, (values as readonly unknown[]).includes(s[k]) ? s[k] : undefined]));

/** The view of an address. */
export function viewOf(s: ViewSearch): View {
  const period = s.period ?? "annual";
  return {
    period,
    years: s.years ?? (period === "annual" ? "10" : "5"),
    unit: s.unit ?? "millions",
    basis: s.basis ?? "as_of",
    order: s.order ?? "newest",
    growth: s.growth ?? "no",
    bars: s.bars ?? "yes",
    view: s.view ?? "all",
  };
}

/** How many statements a view needs: those that it shows, and those of the year before the oldest. */
export const statementCount = ({ period, years }: View): number => (Number(years) + 1) * (period === "annual" ? 1 : 4);
