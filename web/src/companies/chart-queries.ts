import { queryOptions } from "@tanstack/react-query";
import { known, unwrap } from "../api.ts";
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
