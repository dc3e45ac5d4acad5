import * as router from "@tanstack/react-router";

/** The server does not answer a page that needs its code. */
export class Away extends TypeError {}

/** Rejects with `Away` unless the server answers. */
export async function reachServer(): Promise<void> {
  const ok = await fetch("/robots.txt", { method: "HEAD", cache: "no-store" }).then(
    (answer) => answer.ok,
    () => false,
  );
  if (!ok) throw new Away();
}

/** The router's, which reloads the page when code is gone, as after an update: but not when the server is away, or the network. */
export const lazyRouteComponent: typeof router.lazyRouteComponent = (importer, name) =>
  router.lazyRouteComponent(
    () =>
      importer().catch(async (error: unknown) => {
        await reachServer();
        throw error;
      }),
    name,
  );
