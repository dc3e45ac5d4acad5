import { createRootRoute } from "@tanstack/react-router";
import { retainSearchParams } from "@tanstack/react-router"; // newproject:companies
import { isPast } from "./asof.ts"; // newproject:companies
import { NotFound } from "./shell/errors.tsx";
import { Shell } from "./shell/Shell.tsx";

// newproject:companies
/** What every address can have. */
interface RootSearch {
  /** The day of which all figures are, `YYYY-MM-DD`. */
  as_of?: string;
}
// newproject:end

export const rootRoute = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  // newproject:companies
  validateSearch: (search: Record<string, unknown>): RootSearch => (isPast(search["as_of"]) ? { as_of: search["as_of"] } : {}),
  search: { middlewares: [retainSearchParams(["as_of"])] },
  // newproject:end
});

