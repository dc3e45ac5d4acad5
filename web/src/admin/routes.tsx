import { createRoute } from "@tanstack/react-router";
import { ahead, queryClient } from "../api.ts";
import { lazyPage } from "../lazy.ts";
import { rootRoute } from "../root.tsx";
import { auditFilters, auditQuery, keysQuery, userQuery, usersQuery, type AuditSearch } from "./queries.ts";

const users = createRoute({
  getParentRoute: () => rootRoute,
  path: "users",
  loader: () => ahead(queryClient.infiniteQuery(usersQuery)),
  component: lazyPage(() => import("./Users.tsx")),
});

const user = createRoute({
  getParentRoute: () => rootRoute,
  path: "users/$id",
  loader: ({ params: { id } }) => ahead(queryClient.query(userQuery(Number(id))), queryClient.infiniteQuery(keysQuery(Number(id)))),
  component: lazyPage(() => import("./User.tsx")),
});

const auditEvents = createRoute({
  getParentRoute: () => rootRoute,
  path: "audit-events",
  validateSearch: (search: Record<string, unknown>): AuditSearch =>
    Object.fromEntries(auditFilters.flatMap((name) => (typeof search[name] === "string" && search[name] !== "" ? [[name, search[name]]] : []))),
  loaderDeps: ({ search }) => Object.fromEntries(auditFilters.map((name) => [name, search[name]])) as AuditSearch,
  loader: ({ deps }) => ahead(queryClient.infiniteQuery(auditQuery(deps))),
  component: lazyPage(() => import("./AuditEvents.tsx")),
});

export const adminRoutes = [users, user, auditEvents] as const;
