import { createRoute, createRouter } from "@tanstack/react-router";
import { accountRoutes } from "./accounts/routes.tsx";
import { adminRoutes } from "./admin/routes.tsx";
import { ahead, queryClient } from "./api.ts"; // newproject:companies
import { homeQuery } from "./companies/queries.ts"; // newproject:companies
import { companyRoutes } from "./companies/routes.tsx"; // newproject:companies
import { lazyPage } from "./lazy.ts";
import { rootRoute } from "./root.tsx";
import { Crashed } from "./shell/errors.tsx";

const home = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  loader: () => ahead(queryClient.query(homeQuery)), // newproject:companies
  component: lazyPage(() => import("./home.tsx")),
});

const routeTree = rootRoute.addChildren([
  home,
  ...companyRoutes, // newproject:companies
  ...accountRoutes,
  ...adminRoutes,
]);

// An address such as ?since=2015-09-26 keeps its words: values are text, never JSON.
const parseSearch = (text: string): Record<string, string> => Object.fromEntries(new URLSearchParams(text));
const stringifySearch = (search: Record<string, unknown>): string => {
  const kept = Object.entries(search).filter(([, v]) => v !== undefined && v !== null && v !== "");
  const text = new URLSearchParams(kept.map(([k, v]) => [k, String(v)])).toString();
  return text && `?${text.replaceAll("%2C", ",")}`;
};

export const router = createRouter({
  routeTree,
  parseSearch,
  stringifySearch,
  // What an address has beside what its route allows leaves it at once, before anything is loaded.
  search: { strict: true },
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: Crashed,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

