import { queryOptions, useQuery } from "@tanstack/react-query";
import { redirect } from "@tanstack/react-router";
import { api, isProblem, queryClient, unwrap, type Schemas } from "./api.ts";

type User = Schemas["User"];

// The cookie is not for scripts to read: this only spares visitors the question whose it is, and tells other tabs.
const hint = "signed-in";

function hinted(): boolean {
  try {
    return localStorage.getItem(hint) !== null;
  } catch {
    return true;
  }
}

function remember(user: User | null): void {
  try {
    if (user) localStorage.setItem(hint, String(user.id));
    else localStorage.removeItem(hint);
  } catch {
    // Without storage each visit asks.
  }
}

/** Who is signed in, or null. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }): Promise<User | null> => {
    if (!hinted()) return null;
    try {
      return await unwrap(api.GET("/users/me", { signal }));
    } catch (e) {
      if (isProblem(e) && e.status === 401) {
        remember(null);
        return null;
      }
      throw e;
    }
  },
});

/** Who is signed in; undefined while that is not known. */
export function useMe(): User | null | undefined {
  return useQuery(meQuery).data;
}

const isMe = (query: { queryKey: readonly unknown[] }) => query.queryKey[0] === meQuery.queryKey[0];

/** Says who is signed in from now on, or that nobody is. What was asked as somebody else is forgotten, in other tabs as well. */
export async function signedInAs(user: User | null): Promise<void> {
  remember(user);
  await queryClient.cancelQueries({ queryKey: meQuery.queryKey });
  queryClient.setQueryData(meQuery.queryKey, user);
  queryClient.removeQueries({ type: "inactive", predicate: (query) => !isMe(query) });
  void queryClient.resetQueries({ predicate: (query) => !isMe(query) });
}

addEventListener("storage", (event) => {
  // The key is null when all was cleared.
  if (event.key !== hint && event.key !== null) return;
  queryClient.removeQueries({ type: "inactive" });
  void queryClient.resetQueries();
});

// A request may find that the session has ended: then it is asked who is signed in.
const ended = (error: unknown) => {
  if (isProblem(error, "unauthenticated")) void queryClient.invalidateQueries({ queryKey: meQuery.queryKey });
};
queryClient.getQueryCache().subscribe((event) => event.type === "updated" && event.action.type === "error" && ended(event.action.error));
queryClient.getMutationCache().subscribe((event) => event.type === "updated" && event.action.type === "error" && ended(event.action.error));

/** Sends visitors who are not signed in to sign in, and back; for `beforeLoad` of a route. */
export async function signedInOnly({ location }: { location: { href: string } }): Promise<void> {
  // When it is not known, the page says so.
  const me = await queryClient.query({ ...meQuery, staleTime: "static" }).catch(() => undefined);
  if (me === null) throw redirect({ to: "/sign-in", search: { next: location.href } });
}
