import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, known, unwrap } from "../api.ts";

/** A company, as it is today. */
export const companyQuery = (ticker: string) =>
  queryOptions({
    queryKey: ["company", ticker],
    queryFn: ({ signal }) => unwrap(api.GET("/companies/{ticker}", { params: { path: { ticker } }, signal })),
  });

/** How companies are looked for: `q` is a part of a name, ticker, ISIN or CIK. */
export interface CompanySearch {
  q?: string | undefined;
  exchange?: string | undefined;
  /** Only those with financial statements. */
  figures?: boolean | undefined;
  /** The largest first without one. */
  sort?: "name" | undefined;
}

/** Companies by pages. */
export const companiesQuery = ({ q, exchange, figures, sort }: CompanySearch, page_size = 50) =>
  infiniteQueryOptions({
    queryKey: ["companies", q, exchange, figures, sort, page_size],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        api.GET("/companies", {
          params: {
            query: {
              page_size,
              sort: sort ?? "relevance",
              ...(q && { q }),
              ...(exchange && { exchange }),
              ...(figures && { has_statements: true }),
              ...(pageParam !== undefined && { page_token: pageParam }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_page_token ?? undefined,
    placeholderData: keepPreviousData,
  });

/** The companies of the start: those with figures, the largest first. */
export const homeQuery = queryOptions({
  queryKey: ["companies", "home"],
  queryFn: ({ signal }) => unwrap(api.GET("/companies", { params: { query: { has_statements: true, sort: "relevance", page_size: 25 } }, signal })),
});

/** The companies that a few typed letters may mean, the best first. */
export const suggestionsQuery = (q: string, page_size = 8) =>
  queryOptions({
    queryKey: ["suggestions", q, page_size],
    queryFn: ({ signal }) => unwrap(api.GET("/companies", { params: { query: { q, page_size } }, signal })),
    enabled: q !== "",
    placeholderData: keepPreviousData,
  });

export type Period = "annual" | "quarterly";
/** `as_of`: with all splits known on the day of the page; `filed`: as each filing has them. */
export type ShareBasis = "as_of" | "filed";

/** The definitions of the metrics. */
export const metricsQuery = queryOptions({
  queryKey: ["metrics"],
  queryFn: ({ signal }) => unwrap(api.GET("/metrics", { signal })),
  staleTime: Infinity,
});

/** The statements of a company, the newest first. */
export const statementsQuery = (ticker: string, period: Period, share_basis: ShareBasis, asOf: string | undefined, page_size = 20) =>
  queryOptions({
    queryKey: ["statements", ticker, period, share_basis, asOf, page_size],
    queryFn: ({ signal }) =>
      unwrap(
        known(asOf).GET("/companies/{ticker}/financial-statements", {
          params: { path: { ticker }, query: { period, share_basis, page_size } },
          signal,
        }),
      ),
  });

/** The metrics of a company's statements, the newest first: `metrics` are ids and groups, or `all`. */
export const valueMetricsQuery = (ticker: string, period: Period, share_basis: ShareBasis, asOf: string | undefined, metrics: string[] = ["all"], page_size = 20) =>
  queryOptions({
    queryKey: ["value-metrics", ticker, period, share_basis, asOf, metrics, page_size],
    queryFn: ({ signal }) =>
      unwrap(
        known(asOf).GET("/companies/{ticker}/value-metrics", {
          params: { path: { ticker }, query: { period, share_basis, metrics, page_size } },
          signal,
        }),
      ),
  });

/** The ratios and metrics of a listing's newest trading day; null where it has no prices. */
export const newestDayQuery = (ticker: string, asOf: string | undefined) =>
  queryOptions({
    queryKey: ["newest-day", ticker, asOf],
    queryFn: async ({ signal }) => {
      const path = { ticker };
      // Ratios are listed from the oldest on: the valuation knows the newest day, whatever its rates.
      const { date } = await unwrap(
        known(asOf).GET("/companies/{ticker}/valuation", { params: { path, query: { discount_rate: 0.1, terminal_growth: 0 } }, signal }),
      );
      if (date === null) return null;
      const days = await unwrap(
        known(asOf).GET("/companies/{ticker}/daily-ratios", { params: { path, query: { from: date, to: date, metrics: ["all"], page_size: 1 } }, signal }),
      );
      return days.items[0] ?? null;
    },
  });
