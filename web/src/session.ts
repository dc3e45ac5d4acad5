import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, isProblem, unwrap, type Schemas } from "./api.ts";

// The cookie is not for scripts to read: this only spares visitors the question whose it is.
const hint = "signed-in";

function hinted(): boolean {
  try {
    return localStorage.getItem(hint) !== null;
  } catch {
    return true;
  }
}

/** Remembers whether there may be a session, for the next visit. */
export function remember(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(hint, "1");
    else localStorage.removeItem(hint);
  } catch {
    // Without storage each visit asks.
  }
}

/** Who is signed in, or null. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }): Promise<Schemas["User"] | null> => {
    if (!hinted()) return null;
    try {
      return await unwrap(api.GET("/users/me", { signal }));
    } catch (e) {
      if (isProblem(e) && e.status === 401) {
        remember(false);
        return null;
      }
      throw e;
    }
  },
});

/** Who is signed in; undefined while that is not known. */
export function useMe(): Schemas["User"] | null | undefined {
  return useQuery(meQuery).data;
}
