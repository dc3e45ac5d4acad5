import { createRoute } from "@tanstack/react-router";
import { ahead, queryClient } from "../api.ts";
import { lazyPage } from "../lazy.ts";
import { rootRoute } from "../root.tsx";
import { daysQuery, dividendsQuery, fixedMetricsQuery, periods, splitsQuery } from "./chart-queries.ts";
import { importQuery, importsQuery } from "./imports.ts";
import { ratiosSearch, validRatiosSearch } from "./ratios-search.ts";
import { restatementsQuery, statementsOf, twelveMonthsOf } from "./statement-queries.ts";
import { viewOf, viewSearch, type ViewSearch } from "./statement-view.ts";
import { companiesQuery, companyQuery, type CompanySearch, metricsQuery, newestDayQuery, type ShareBasis, statementsQuery, valueMetricsQuery } from "./queries.ts";
import { rulesQuery, syncQuery, syncsQuery } from "./syncs.ts";
import { parseTickers } from "./tickers.ts";

const asOf = ({ search }: { search: { as_of?: string } }) => ({ asOf: search.as_of });

/** The values of a search that are text and not empty. */
function texts<K extends string>(search: Record<string, unknown>, ...keys: K[]): Partial<Record<K, string>> {
  const out: Partial<Record<K, string>> = {};
  for (const key of keys) {
    const v = search[key];
    if (typeof v === "string" && v !== "") out[key] = v;
  }
  return out;
}

const companies = createRoute({
  getParentRoute: () => rootRoute,
  path: "companies",
  validateSearch: (s: Record<string, unknown>): CompanySearch => ({
    ...texts(s, "q", "exchange"),
    ...(s["figures"] === "true" && { figures: true }),
    ...(s["sort"] === "name" && { sort: "name" }),
  }),
  loaderDeps: ({ search: { q, exchange, figures, sort } }) => ({ q, exchange, figures, sort }),
  loader: ({ deps }) => ahead(queryClient.infiniteQuery(companiesQuery(deps))),
  component: lazyPage(() => import("./Companies.tsx")),
});

/** What can be set on the page of a company's metrics. */
interface MetricsSearch {
  period?: "quarterly" | undefined;
  basis?: "filed" | undefined;
  group?: string | undefined;
  /** The end of the period whose scores are shown. */
  at?: string | undefined;
}

const metricsSearch = (s: Record<string, unknown>): MetricsSearch => ({
  ...(s["period"] === "quarterly" && { period: "quarterly" }),
  ...(s["basis"] === "filed" && { basis: "filed" }),
  ...texts(s, "group", "at"),
});

/** The frame of a company's pages. */
const company = createRoute({
  getParentRoute: () => rootRoute,
  path: "companies/$ticker",
  // The number whose proof is open, of all pages of a company.
  validateSearch: (s: Record<string, unknown>) => texts(s, "proof"),
  loader: ({ params }) => ahead(queryClient.query(companyQuery(params.ticker))),
  component: lazyPage(() => import("./Company.tsx")),
});

const companyPages = [
  createRoute({
    getParentRoute: () => company,
    path: "/",
    validateSearch: viewSearch,
    loaderDeps: ({ search }: { search: ViewSearch & { as_of?: string } }) => ({ ...asOf({ search }), period: search.period, years: search.years, basis: search.basis }),
    loader: ({ params: { ticker }, deps: { asOf: as_of, ...chosen } }) => {
      const view = viewOf(chosen);
      ahead(
        queryClient.query(statementsOf(ticker, view, as_of)),
        queryClient.query(restatementsQuery(ticker, view.period === "annual" ? "annual" : "quarterly", as_of)),
        ...(view.period === "ttm" ? [queryClient.query(twelveMonthsOf(ticker, view, as_of))] : []),
      );
    },
    component: lazyPage(() => import("./Statements.tsx")),
  }),
  createRoute({
    getParentRoute: () => company,
    path: "metrics",
    validateSearch: metricsSearch,
    loaderDeps: ({ search: { as_of, period, basis } }: { search: MetricsSearch & { as_of?: string } }) => ({ asOf: as_of, period, basis }),
    loader: ({ params: { ticker }, deps: { asOf, period = "annual" as const, basis = "as_of" as const } }) =>
      ahead(
        queryClient.query(metricsQuery),
        queryClient.query(valueMetricsQuery(ticker, period, basis, asOf)),
        queryClient.query(statementsQuery(ticker, period, basis, asOf)),
        queryClient.query(newestDayQuery(ticker, asOf)),
      ),
    component: lazyPage(() => import("./CompanyMetrics.tsx")),
  }),
  createRoute({
    getParentRoute: () => company,
    path: "charts",
    validateSearch: (s: Record<string, unknown>): { period?: "quarterly" | undefined } => (s["period"] === "quarterly" ? { period: "quarterly" } : {}),
    loaderDeps: ({ search }) => ({ asOf: search.as_of, period: search.period ?? ("annual" as const) }),
    loader: ({ params: { ticker }, deps: { period, asOf } }) =>
      ahead(queryClient.query(statementsQuery(ticker, period, "as_of", asOf, periods(period))), queryClient.query(fixedMetricsQuery(ticker, period, asOf))),
    component: lazyPage(() => import("./Charts.tsx")),
  }),
  createRoute({
    getParentRoute: () => company,
    path: "ratios",
    validateSearch: validRatiosSearch,
    loaderDeps: ({ search }) => search,
    loader: ({ params: { ticker }, deps: { as_of, ...search } }) => {
      const { listing, range, basis, show } = ratiosSearch(search, ticker);
      ahead(queryClient.infiniteQuery(daysQuery({ listing, range, share_basis: basis, metrics: show }, as_of)), queryClient.query(metricsQuery));
    },
    component: lazyPage(() => import("./Ratios.tsx")),
  }),
  createRoute({
    getParentRoute: () => company,
    path: "dividends",
    validateSearch: (s: Record<string, unknown>): { basis?: "filed" | undefined; rejected?: "shown" | undefined } => ({
      ...(s["basis"] === "filed" && { basis: "filed" as const }),
      ...(s["rejected"] === "shown" && { rejected: "shown" as const }),
    }),
    loaderDeps: ({ search: { as_of, basis, rejected } }): { asOf: string | undefined; basis: ShareBasis; rejected: boolean } => ({
      asOf: as_of,
      basis: basis ?? "as_of",
      rejected: rejected !== undefined,
    }),
    loader: ({ params: { ticker }, deps: { asOf, basis, rejected } }) =>
      ahead(
        queryClient.query(dividendsQuery(ticker, basis, asOf)),
        queryClient.query(splitsQuery(ticker, rejected, asOf)),
        queryClient.query(statementsQuery(ticker, "quarterly", basis, asOf, periods("quarterly"))),
      ),
    component: lazyPage(() => import("./Dividends.tsx")),
  }),
  createRoute({
    getParentRoute: () => company,
    path: "entries",
    validateSearch: (s: Record<string, unknown>) => texts(s, "edit", "id"),
    component: lazyPage(() => import("./Entries.tsx")),
  }),
] as const;

/** What is compared. */
interface CompareSearch {
  /** By commas, as are the metrics. */
  tickers?: string | undefined;
  metrics?: string | undefined;
  period?: "quarterly" | undefined;
  /** The metric that is drawn. */
  chart?: string | undefined;
  scale?: "log" | undefined;
  proof?: string;
}

const compare = createRoute({
  getParentRoute: () => rootRoute,
  path: "compare",
  validateSearch: (s: Record<string, unknown>): CompareSearch => ({ ...texts(s, "tickers", "metrics", "chart", "proof"), ...(s["period"] === "quarterly" && { period: "quarterly" }), ...(s["scale"] === "log" && { scale: "log" }) }),
  // The usual metrics have some of days; of others that is known when their definitions are there.
  loaderDeps: ({ search: { tickers, metrics, period, as_of } }: { search: CompareSearch & { as_of?: string } }) => ({ tickers, period, asOf: as_of, days: metrics === undefined }),
  loader: ({ deps: { tickers, period = "annual" as const, asOf, days } }) =>
    ahead(
      queryClient.query(metricsQuery),
      ...parseTickers(tickers).flatMap((ticker) => [
        queryClient.query(valueMetricsQuery(ticker, period, "as_of", asOf)),
        queryClient.query(companyQuery(ticker)),
        ...(days ? [queryClient.query(newestDayQuery(ticker, asOf))] : []),
      ]),
    ),
  component: lazyPage(() => import("./Compare.tsx")),
});

const metrics = createRoute({
  getParentRoute: () => rootRoute,
  path: "metrics",
  validateSearch: (s: Record<string, unknown>): { q?: string | undefined } => texts(s, "q"),
  loader: () => ahead(queryClient.query(metricsQuery)),
  component: lazyPage(() => import("./Metrics.tsx")),
});

const imports = createRoute({
  getParentRoute: () => rootRoute,
  path: "imports",
  loader: () => ahead(queryClient.infiniteQuery(importsQuery)),
  component: lazyPage(() => import("./Imports.tsx")),
});

const oneImport = createRoute({
  getParentRoute: () => rootRoute,
  path: "imports/$id",
  loader: ({ params }) => ahead(queryClient.query(importQuery(Number(params.id)))),
  component: lazyPage(() => import("./Import.tsx")),
});

const syncs = createRoute({
  getParentRoute: () => rootRoute,
  path: "syncs",
  loader: () => ahead(queryClient.infiniteQuery(syncsQuery), queryClient.query(rulesQuery)),
  component: lazyPage(() => import("./Syncs.tsx")),
});

const sync = createRoute({
  getParentRoute: () => rootRoute,
  path: "syncs/$id",
  loader: ({ params }) => ahead(queryClient.query(syncQuery(Number(params.id)))),
  component: lazyPage(() => import("./Sync.tsx")),
});

/** All that is about companies. */
export const companyRoutes = [companies, company.addChildren(companyPages), compare, metrics, imports, oneImport, syncs, sync] as const;
