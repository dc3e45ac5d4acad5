import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "../api.ts";

/** The accounts by pages. */
export const usersQuery = infiniteQueryOptions({
  queryKey: ["users"],
  queryFn: ({ signal, pageParam }) =>
    unwrap(api.GET("/users", { params: { query: { page_size: 200, ...(pageParam !== undefined && { page_token: pageParam }) } }, signal })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_page_token ?? undefined,
});

/** One account. */
export const userQuery = (id: number) =>
  queryOptions({
    queryKey: ["users", id],
    queryFn: ({ signal }) => unwrap(api.GET("/users/{id}", { params: { path: { id } }, signal })),
  });

/** The API keys of an account, the newest first. */
export const keysQuery = (user_id: number) =>
  infiniteQueryOptions({
    queryKey: ["users", user_id, "keys"],
    queryFn: ({ signal, pageParam }) =>
      unwrap(api.GET("/api-keys", { params: { query: { user_id, ...(pageParam !== undefined && { page_token: pageParam }) } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_page_token ?? undefined,
  });

/** Which audit events are shown, as the address has it. */
export const auditFilters = ["actor_id", "action", "target_type", "target", "client", "since", "until"] as const;
export type AuditSearch = Partial<Record<(typeof auditFilters)[number], string>>;

/** Audit events by pages, the newest first. */
export const auditQuery = ({ actor_id, ...filters }: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ["audit", actor_id, filters],
    queryFn: ({ signal, pageParam }) =>
      unwrap(
        api.GET("/audit-events", {
          params: { query: { page_size: 100, ...filters, ...(actor_id && { actor_id: Number(actor_id) }), ...(pageParam !== undefined && { page_token: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_page_token ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
