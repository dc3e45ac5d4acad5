import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, once, unwrap, type Schemas } from "../api.ts";
import { every, hasEnded } from "./imports.ts";

export type Sync = Schemas["Sync"];

/** The syncs by pages, the newest first. */
export const syncsQuery = infiniteQueryOptions({
  queryKey: ["syncs"],
  queryFn: ({ signal, pageParam }) =>
    unwrap(api.GET("/syncs", { params: { query: { page_size: 50, ...(pageParam !== undefined && { page_token: pageParam }) } }, signal })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_page_token ?? undefined,
  staleTime: 0,
  refetchInterval: ({ state: { data } }) => (data?.pages.some((p) => p.items.some((s) => !hasEnded(s.state))) ? every : false),
});

/** One sync, with what failed. */
export const syncQuery = (id: number) =>
  queryOptions({
    queryKey: ["syncs", id],
    queryFn: ({ signal }) => unwrap(api.GET("/syncs/{id}", { params: { path: { id } }, signal })),
    staleTime: 0,
    refetchInterval: ({ state: { data } }) => (data && !hasEnded(data.state) ? every : false),
  });

/** How far the recomputation by the newest rules is. */
export const rulesQuery = queryOptions({
  queryKey: ["rules"],
  queryFn: ({ signal }) => unwrap(api.GET("/rules", { signal })),
  refetchInterval: ({ state: { data } }) => (data && data.remaining > 0 ? 2 * every : false),
});

/** Starts a sync of some companies, or of all. */
export const startSync = (tickers: string[] | undefined, key: string): Promise<Sync> =>
  unwrap(once.POST("/syncs", { params: { header: { "Idempotency-Key": key } }, body: tickers ? { tickers } : {} }));

/** The tickers of a text, each once. */
export const tickersOf = (text: string): string[] => [...new Set(text.split(/[\s,;]+/).filter((word) => word !== ""))];

/** What a sync is told to bring a company again that failed; undefined if that cannot be said. */
export const again = ({ name, cik }: Schemas["SyncFailure"]): string | undefined =>
  cik !== null ? `CIK${String(cik).padStart(10, "0")}` : /^[A-Za-z0-9][A-Za-z0-9./-]{0,19}$/.test(name) && !name.endsWith(".json") ? name : undefined;

/** How far a sync is: in a bulk file that it reads, or in companies. */
export const progressOf = (s: Sync): { done: number; of: number | null } =>
  s.size !== null && s.size > 0 && s.received < s.size ? { done: s.received, of: s.size } : { done: s.updated + s.unchanged + s.failed, of: s.total || null };
