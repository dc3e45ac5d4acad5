import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { known, unwrap } from "../api.ts";
import { today } from "../asof.ts";
import { firstDay, type Range } from "./days.ts";
import { valueMetricsQuery, type Period, type ShareBasis } from "./queries.ts";

/** Twenty years of a period. */
export const periods = (period: Period): number => (period === "annual" ? 20 : 80);

/** The metrics of a company's statements, the newest first: those that every answer has, and none more. */
export const fixedMetricsQuery = (ticker: string, period: Period, asOf: string | undefined, page_size = periods(period)) =>
  valueMetricsQuery(ticker, period, "as_of", asOf, ["none"], page_size);

/** What the list of a listing's days is asked for. */
export interface Days {
  listing: string;
  range: Range;
  share_basis: ShareBasis;
  metrics: readonly string[];
}

interface PageAt {
  from?: string | undefined;
  page_token?: string;
}

const firstPage = (range: Range, asOf: string | undefined): PageAt => ({ from: firstDay(range, asOf ?? today()) });

/** A listing's days with their ratios by pages, the oldest first. */
export const daysQuery = ({ listing, range, share_basis, metrics }: Days, asOf: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["days", listing, range, share_basis, metrics, asOf],
    queryFn: ({ signal, pageParam: { from, page_token } }) =>
      unwrap(
        known(asOf).GET("/companies/{ticker}/daily-ratios", {
          params: {
            path: { ticker: listing },
            query: { share_basis, metrics: [...metrics], page_size: 1000, ...(from !== undefined && { from }), ...(page_token !== undefined && { page_token }) },
          },
          signal,
        }),
      ),
    initialPageParam: firstPage(range, asOf),
    getNextPageParam: (page, all, { from }) => {
      if (page.next_page_token !== null) return { from, page_token: page.next_page_token };
      // The prices ended before: the range is that of their last years.
      return from !== undefined && all.every((p) => p.items.length === 0) ? {} : null;
    },
    // While others are on their way, what the listing showed stays.
    placeholderData: (old, query) => (query?.queryKey[1] === listing && query.queryKey[5] === asOf ? old : undefined),
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

/** A company's dividends, the newest first. */
export const dividendsQuery = (ticker: string, share_basis: ShareBasis, asOf: string | undefined) =>
  queryOptions({
    queryKey: ["dividends", ticker, share_basis, asOf],
    queryFn: ({ signal }) => unwrap(known(asOf).GET("/companies/{ticker}/dividends", { params: { path: { ticker }, query: { share_basis, page_size: 1000 } }, signal })),
  });

/** A company's splits, the newest first; with those that were not accepted, if they are asked for. */
export const splitsQuery = (ticker: string, rejected: boolean, asOf: string | undefined) =>
  queryOptions({
    queryKey: ["splits", ticker, rejected, asOf],
    queryFn: ({ signal }) => unwrap(known(asOf).GET("/companies/{ticker}/splits", { params: { path: { ticker }, query: { rejected, page_size: 1000 } }, signal })),
  });
