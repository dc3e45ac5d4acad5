// One who has signed in has nothing to do there.
const waysIn = ["/sign-in", "/register", "/activate", "/recover-password", "/reset-password"];

/** The address of this server in `next`, such as `/users/7`, where signing in leads; undefined if it is none. */
export function safeNext(next: unknown, origin = location.origin): string | undefined {
  if (typeof next !== "string" || !next.startsWith("/") || !URL.canParse(next, origin)) return undefined;
  const url = new URL(next, origin);
  const path = url.pathname + url.search + url.hash;
  // A path of two slashes would again be another host's.
  return url.origin === origin && !path.startsWith("//") && !waysIn.includes(url.pathname) ? path : undefined;
}
