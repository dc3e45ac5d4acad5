import { experimental_streamedQuery, queryOptions } from "@tanstack/react-query";
import { known, pages, unwrap, type Schemas } from "../api.ts";
import { today } from "../asof.ts";
import { firstDay, type Range } from "./days.ts";
import type { Period, ShareBasis } from "./queries.ts";

/** Twenty years of a period. */
export const periods = (period: Period): number => (period === "annual" ? 20 : 80);

/** The metrics of a company's statements, the newest first: those that every answer has, and none more. */
export const fixedMetricsQuery = (ticker: string, period: Period, share_basis: ShareBasis, asOf: string | undefined) =>
  queryOptions({
    queryKey: ["value-metrics", ticker, period, share_basis, asOf, periods(period), "none"],
    queryFn: ({ signal }) =>
      unwrap(
        known(asOf).GET("/companies/{ticker}/value-metrics", {
          params: { path: { ticker }, query: { period, share_basis, metrics: ["none"], page_size: periods(period) } },
          signal,
        }),
      ),
  });

/** What the list of a listing's days is asked for. */
export interface Days {
  listing: string;
  range: Range;
  share_basis: ShareBasis;
  metrics: readonly string[];
}

type Day = Schemas["DailyRatios"];

async function* daysByPage({ listing, range, share_basis, metrics }: Days, asOf: string | undefined, signal: AbortSignal): AsyncGenerator<Day[]> {
  const from = (first: string | undefined) =>
    pages(known(asOf).GET, "/companies/{ticker}/daily-ratios", {
      params: { path: { ticker: listing }, query: { share_basis, metrics: [...metrics], page_size: 1000, ...(first !== undefined && { from: first }) } },
      signal,
    }).byPage();

  const first = firstDay(range, asOf ?? today());
  let any = first === undefined;
  for await (const { items } of from(first)) {
    any ||= items.length > 0;
    yield items;
  }
  if (any) return;
  // The prices ended before: the range is that of their last years.
  const all: Day[] = [];
  for await (const { items } of from(undefined)) all.push(...items);
  const last = all.at(-1);
  if (last) yield all.filter((d) => d.date >= (firstDay(range, last.date) ?? ""));
}

/** A listing's days with their ratios, the oldest first; they come page by page. */
export const daysQuery = (days: Days, asOf: string | undefined) =>
  queryOptions({
    queryKey: ["days", days, asOf],
    queryFn: experimental_streamedQuery({
      streamFn: ({ signal }) => daysByPage(days, asOf, signal),
      reducer: (all: Day[], page: Day[]) => [...all, ...page],
      initialValue: [] as Day[],
      refetchMode: "replace",
    }),
  });

/** All ratios and metrics of one day. */
export const dayQuery = (listing: string, date: string, share_basis: ShareBasis, asOf: string | undefined) =>
  queryOptions({
    queryKey: ["day", listing, date, share_basis, asOf],
    queryFn: async ({ signal }) => {
      const { items } = await unwrap(
        known(asOf).GET("/companies/{ticker}/daily-ratios", {
          params: { path: { ticker: listing }, query: { from: date, to: date, share_basis, metrics: ["all"] } },
          signal,
        }),
      );
      return items[0] ?? null;
    },
  });
