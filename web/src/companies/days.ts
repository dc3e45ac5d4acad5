import type { Schemas } from "../api.ts";

type Day = Schemas["DailyRatios"];
type Null = Schemas["MetricNull"];

/** How far back a page of days goes. */
export const ranges = ["1y", "5y", "10y", "all"] as const;
export type Range = (typeof ranges)[number];

/** The first day of a range that ends with a day; undefined for all. */
export function firstDay(range: Range, end: string): string | undefined {
  if (range === "all") return undefined;
  const at = new Date(`${end}T00:00:00Z`);
  at.setUTCFullYear(at.getUTCFullYear() - Number.parseInt(range, 10));
  return at.toISOString().slice(0, 10);
}

export type Span = "week" | "month" | "quarter";

/** How a table of days is thinned, so that it has some fifty to a hundred rows. */
export const spanOf: Record<Range, Span> = { "1y": "week", "5y": "month", "10y": "month", all: "quarter" };

function spanAt(day: string, span: Span): string {
  if (span === "month") return day.slice(0, 7);
  if (span === "quarter") return `${day.slice(0, 4)}-${Math.floor((Number(day.slice(5, 7)) - 1) / 3)}`;
  // Days since a Monday.
  return String(Math.floor((Date.parse(`${day}T00:00:00Z`) / 86_400_000 - 4) / 7));
}

/** The last day of each week, month or quarter, in the order of the days. */
export const thin = <D extends { date: string }>(days: readonly D[], span: Span): D[] =>
  days.filter((d, i) => {
    const next = days[i + 1];
    return next === undefined || spanAt(next.date, span) !== spanAt(d.date, span);
  });

/** A run of days on which a metric is null, of one reason. */
export interface Gap {
  from: string;
  to: string;
  reason: Null | undefined;
}

/** The gaps of a metric, in the order of the days. */
export function gaps(days: readonly Pick<Day, "date" | "metrics" | "metric_reasons">[], metric: string): Gap[] {
  const out: Gap[] = [];
  let open: Gap | undefined;
  for (const d of days) {
    if (d.metrics[metric] != null) {
      open = undefined;
      continue;
    }
    const reason = d.metric_reasons[metric];
    if (open && JSON.stringify(open.reason) === JSON.stringify(reason)) open.to = d.date;
    else out.push((open = { from: d.date, to: d.date, reason }));
  }
  return out;
}
