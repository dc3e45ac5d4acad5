import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { ahead, queryClient } from "../api.ts";
import { rootRoute } from "../root.tsx";
import { importQuery, importsQuery } from "./imports.ts";
import { rulesQuery, syncQuery, syncsQuery } from "./syncs.ts";
import { restatementsQuery, statementsOf, twelveMonthsOf } from "./statement-queries.ts";
import { viewOf, viewSearch, type ViewSearch } from "./statement-view.ts";
import { companiesQuery, companyQuery, metricsQuery, type CompanySearch } from "./queries.ts";

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
  component: lazyRouteComponent(() => import("./Companies.tsx")),
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
    component: lazyRouteComponent(() => import("./Statements.tsx")),
  }),
  createRoute({
    getParentRoute: () => company,
    path: "metrics",
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
    validateSearch: (s: Record<string, unknown>) => texts(s, "edit", "id"),
    component: lazyRouteComponent(() => import("./Entries.tsx")),
  }),
] as const;

const compare = createRoute({
  getParentRoute: () => rootRoute,
  path: "compare",
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
  loader: () => ahead(queryClient.infiniteQuery(syncsQuery), queryClient.query(rulesQuery)),
  component: lazyRouteComponent(() => import("./Syncs.tsx")),
});

const sync = createRoute({
  getParentRoute: () => rootRoute,
  path: "syncs/$id",
  loader: ({ params }) => ahead(queryClient.query(syncQuery(Number(params.id)))),
  component: lazyRouteComponent(() => import("./Sync.tsx")),
});

/** All that is about companies. */
export const companyRoutes = [companies, company.addChildren(companyPages), compare, metrics, imports, oneImport, syncs, sync] as const;
