import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, unwrap, type Schemas } from "../api.ts";

export type Import = Schemas["Import"];

/** Whether there is nothing more to come. A state that is not known is one that has ended. */
export const hasEnded = (state: string): boolean => state !== "queued" && state !== "running";

/** How often what is under way is asked for again, while the page is visible. */
export const every = 1500;

/** The imports by pages, the newest first. */
export const importsQuery = infiniteQueryOptions({
  queryKey: ["imports"],
  queryFn: ({ signal, pageParam }) =>
    unwrap(api.GET("/imports", { params: { query: { page_size: 50, ...(pageParam !== undefined && { page_token: pageParam }) } }, signal })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_page_token ?? undefined,
  staleTime: 0,
  refetchInterval: ({ state: { data } }) => (data?.pages.some((p) => p.items.some((i) => !hasEnded(i.state))) ? every : false),
});

/** One import. */
export const importQuery = (id: number) =>
  queryOptions({
    queryKey: ["imports", id],
    queryFn: ({ signal }) => unwrap(api.GET("/imports/{id}", { params: { path: { id } }, signal })),
    staleTime: 0,
    refetchInterval: ({ state: { data } }) => (data && !hasEnded(data.state) ? every : false),
  });
