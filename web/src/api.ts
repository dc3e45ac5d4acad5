import { createClient, isProblem, ProblemError } from "@edgevalue/client";
import type { PointInTimeClient } from "@edgevalue/client"; // newproject:companies
import { QueryClient } from "@tanstack/react-query";

export { isProblem, pages, ProblemError, unwrap, type Problem, type Schemas } from "@edgevalue/client";

const baseUrl = location.origin;

/** The API as the browser's session sees it, as known today. */
export const api = createClient({ baseUrl });

/** The API without repeated tries, for what a person waits for. */
export const once = createClient({ baseUrl, retries: 0 });

// newproject:companies
const past = new Map<string, PointInTimeClient>();

/** The API as it was known at the end of a day (`YYYY-MM-DD`); of today without one. */
export function known(asOf: string | undefined): PointInTimeClient {
  if (asOf === undefined) return api;
  let client = past.get(asOf);
  if (!client) past.set(asOf, (client = createClient({ baseUrl, asOf })));
  return client;
}
// newproject:end

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      // The client repeats what 429 and 503 ask for; a problem stays one, a server that does not answer may come back.
      retry: (failures, error) => !(error instanceof ProblemError) && failures < 2,
    },
    // What a person sends fails at once without a network, and is not sent when nobody expects it any more.
    mutations: { retry: false, networkMode: "always" },
  },
});

/** Whether an error is the lack of an answer: the server is away, or the network. */
export const isAway = (error: unknown): boolean =>
  !isProblem(error) ? error instanceof TypeError : error.status === 502 || error.status === 503 || error.status === 504;

/**
 * Begins to load what a page shows, while its code loads. Errors are the page's, which asks again.
 *
 * @example
 * ahead(queryClient.query(userQuery(7)));
 */
export function ahead(...loads: Promise<unknown>[]): void {
  for (const load of loads) load.catch(() => undefined);
}
