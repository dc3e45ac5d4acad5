import { lazyRouteComponent } from "@tanstack/react-router";
import { lazy } from "react";
import { queryClient } from "./api.ts";

/** Asks until the server answers. The page says meanwhile that it does not. */
const answer = () =>
  queryClient.query({
    queryKey: ["answer"],
    queryFn: async ({ signal }) => (await fetch("/livez", { signal })).status,
    retry: true,
    retryDelay: 3_000,
    staleTime: 0,
    gcTime: 0,
  });

/** Code that could not be loaded is waited for, so that a page stays as it is while the server is away. */
const patiently =
  <T>(load: () => Promise<T>) =>
  () =>
    load().catch(() => answer().then(load));

/** A page of a route, whose code is loaded when it is wanted. */
export const lazyPage: typeof lazyRouteComponent = (load, name) => lazyRouteComponent(patiently(load), name);

/** A part of a page, whose code is loaded when it is wanted. */
export const lazyPart: typeof lazy = (load) => lazy(patiently(load));
