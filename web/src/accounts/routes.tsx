import { createRoute } from "@tanstack/react-router";
import { lazyPage } from "../lazy.ts";
import { rootRoute } from "../root.tsx";
import { queryClient } from "../api.ts";
import { meQuery, signedInOnly } from "../session.ts";
import { safeNext } from "./next.ts";

interface SignInSearch {
  /** Where it leads. */
  next?: string;
  /** What ended the session. */
  after?: "password" | "deleted";
}

const signIn = createRoute({
  getParentRoute: () => rootRoute,
  path: "sign-in",
  validateSearch: ({ next, after }: Record<string, unknown>): SignInSearch => {
    const safe = safeNext(next);
    return { ...(safe !== undefined && { next: safe }), ...((after === "password" || after === "deleted") && { after }) };
  },
  loader: () => queryClient.query({ ...meQuery, staleTime: "static" }).catch(() => null),
  component: lazyPage(() => import("./SignIn.tsx")),
});

const register = createRoute({
  getParentRoute: () => rootRoute,
  path: "register",
  component: lazyPage(() => import("./Register.tsx")),
});

const recoverPassword = createRoute({
  getParentRoute: () => rootRoute,
  path: "recover-password",
  component: lazyPage(() => import("./RecoverPassword.tsx")),
});

const resetPassword = createRoute({
  getParentRoute: () => rootRoute,
  path: "reset-password",
  component: lazyPage(() => import("./ResetPassword.tsx")),
});

const activate = createRoute({
  getParentRoute: () => rootRoute,
  path: "activate",
  component: lazyPage(() => import("./Activate.tsx")),
});

const confirmEmail = createRoute({
  getParentRoute: () => rootRoute,
  path: "confirm-email",
  component: lazyPage(() => import("./ConfirmEmail.tsx")),
});

const account = createRoute({
  getParentRoute: () => rootRoute,
  path: "account",
  beforeLoad: signedInOnly,
  component: lazyPage(() => import("./Account.tsx")),
});

export const accountRoutes = [signIn, register, recoverPassword, resetPassword, activate, confirmEmail, account] as const;
