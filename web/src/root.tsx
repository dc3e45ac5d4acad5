import { createRootRoute, retainSearchParams } from "@tanstack/react-router";
import { isPast } from "./asof.ts";
import { NotFound } from "./shell/errors.tsx";
import { Shell } from "./shell/Shell.tsx";

/** What every address can have. */
interface RootSearch {
  /** The day of which all figures are, `YYYY-MM-DD`. */
  as_of?: string;
}

export const rootRoute = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>): RootSearch => (isPast(search["as_of"]) ? { as_of: search["as_of"] } : {}),
  search: { middlewares: [retainSearchParams(["as_of"])] },
});

