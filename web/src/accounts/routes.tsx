import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "../root.tsx";
import { safeNext } from "./next.ts";

const signIn = createRoute({
  getParentRoute: () => rootRoute,
  path: "sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } => {
    const next = safeNext(search["next"]);
    return next === undefined ? {} : { next };
  },
  component: lazyRouteComponent(() => import("./SignIn.tsx")),
});

const register = createRoute({
  getParentRoute: () => rootRoute,
  path: "register",
  component: lazyRouteComponent(() => import("./Register.tsx")),
});

const recoverPassword = createRoute({
  getParentRoute: () => rootRoute,
  path: "recover-password",
  component: lazyRouteComponent(() => import("./RecoverPassword.tsx")),
});

const resetPassword = createRoute({
  getParentRoute: () => rootRoute,
  path: "reset-password",
  component: lazyRouteComponent(() => import("./ResetPassword.tsx")),
});

const activate = createRoute({
  getParentRoute: () => rootRoute,
  path: "activate",
  component: lazyRouteComponent(() => import("./Activate.tsx")),
});

const confirmEmail = createRoute({
  getParentRoute: () => rootRoute,
  path: "confirm-email",
  component: lazyRouteComponent(() => import("./ConfirmEmail.tsx")),
});

const account = createRoute({
  getParentRoute: () => rootRoute,
  path: "account",
  component: lazyRouteComponent(() => import("./Account.tsx")),
});

export const accountRoutes = [signIn, register, recoverPassword, resetPassword, activate, confirmEmail, account] as const;
