import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { ahead, queryClient } from "../api.ts";
import { rootRoute } from "../root.tsx";
import { parseTickers } from "./compare.ts";
import { importQuery, importsQuery } from "./imports.ts";
import { companiesQuery, companyQuery, metricsQuery, newestDayQuery, statementsQuery, valueMetricsQuery } from "./queries.ts";

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
  validateSearch: (s: Record<string, unknown>) => texts(s, "q", "exchange"),
  loaderDeps: ({ search: { q, exchange } }) => ({ q, exchange }),
  loader: ({ deps }) => ahead(queryClient.infiniteQuery(companiesQuery(deps))),
  component: lazyRouteComponent(() => import("./Companies.tsx")),
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
  component: lazyRouteComponent(() => import("./Company.tsx")),
});

const companyPages = [
  createRoute({
    getParentRoute: () => company,
    path: "/",
    loaderDeps: asOf,
    loader: ({ params, deps }) => ahead(queryClient.query(statementsQuery(params.ticker, "annual", "as_of", deps.asOf)), queryClient.query(metricsQuery)),
    component: lazyRouteComponent(() => import("./Statements.tsx")),
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
    component: lazyRouteComponent(() => import("./CompanyMetrics.tsx")),
  }),
  createRoute({
    getParentRoute: () => company,
    path: "charts",
    component: lazyRouteComponent(() => import("./Charts.tsx")),
  }),
  createRoute({
    getParentRoute: () => company,
    path: "ratios",
    component: lazyRouteComponent(() => import("./Ratios.tsx")),
  }),
  createRoute({
    getParentRoute: () => company,
    path: "dividends",
    component: lazyRouteComponent(() => import("./Dividends.tsx")),
  }),
  createRoute({
    getParentRoute: () => company,
    path: "entries",
    component: lazyRouteComponent(() => import("./Entries.tsx")),
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
  loaderDeps: ({ search: { tickers, period, as_of } }: { search: CompareSearch & { as_of?: string } }) => ({ tickers, period, asOf: as_of }),
  loader: ({ deps: { tickers, period = "annual" as const, asOf } }) =>
    ahead(
      queryClient.query(metricsQuery),
      ...parseTickers(tickers).flatMap((ticker) => [queryClient.query(valueMetricsQuery(ticker, period, "as_of", asOf)), queryClient.query(companyQuery(ticker))]),
    ),
  component: lazyRouteComponent(() => import("./Compare.tsx")),
});

const metrics = createRoute({
  getParentRoute: () => rootRoute,
  path: "metrics",
  validateSearch: (s: Record<string, unknown>): { q?: string | undefined } => texts(s, "q"),
  loader: () => ahead(queryClient.query(metricsQuery)),
  component: lazyRouteComponent(() => import("./Metrics.tsx")),
});

const imports = createRoute({
  getParentRoute: () => rootRoute,
  path: "imports",
  loader: () => ahead(queryClient.infiniteQuery(importsQuery)),
  component: lazyRouteComponent(() => import("./Imports.tsx")),
});

const oneImport = createRoute({
  getParentRoute: () => rootRoute,
  path: "imports/$id",
  loader: ({ params }) => ahead(queryClient.query(importQuery(Number(params.id)))),
  component: lazyRouteComponent(() => import("./Import.tsx")),
});

const syncs = createRoute({
  getParentRoute: () => rootRoute,
  path: "syncs",
  component: lazyRouteComponent(() => import("./Syncs.tsx")),
});

const sync = createRoute({
  getParentRoute: () => rootRoute,
  path: "syncs/$id",
  component: lazyRouteComponent(() => import("./Sync.tsx")),
});

/** All that is about companies. */
export const companyRoutes = [companies, company.addChildren(companyPages), compare, metrics, imports, oneImport, syncs, sync] as const;
