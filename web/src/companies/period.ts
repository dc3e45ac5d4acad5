import type { Schemas } from "../api.ts";
import { day } from "../format.ts";
import { t } from "../words/index.ts";

/** What a statement's period is called, such as `Year to 26 Sept 2015`. */
export function periodTo({ period, end_date }: Pick<Schemas["StatementPeriod"], "period" | "end_date">): string {
  const words: Record<string, (day: string) => string> = t.periods;
  return (words[period] ?? t.periods.partial)(day(end_date));
}
