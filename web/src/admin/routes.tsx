import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../root.tsx";

const users = createRoute({
  getParentRoute: () => rootRoute,
  path: "users",
  component: lazyRouteComponent(() => import("./Users.tsx")),
});

const user = createRoute({
  getParentRoute: () => rootRoute,
  path: "users/$id",
  component: lazyRouteComponent(() => import("./User.tsx")),
});

const auditEvents = createRoute({
  getParentRoute: () => rootRoute,
  path: "audit-events",
  component: lazyRouteComponent(() => import("./AuditEvents.tsx")),
});

export const adminRoutes = [users, user, auditEvents] as const;
