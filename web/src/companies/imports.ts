import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, once, unwrap, type Schemas } from "../api.ts";
import { parametersFor, type Kind, type Parameters } from "./import-kinds.ts";

export type Import = Schemas["Import"];

/** A file that is to be imported. Sent again with the same key it is not imported twice. */
export interface ImportRequest {
  kind: Kind;
  file: File;
  parameters: Parameters;
  key: string;
}

/** Sends a file, and tells how much of it is sent. */
export async function startImport({ kind, file, parameters, key }: ImportRequest, onSent: (bytes: number) => void, signal: AbortSignal): Promise<Import> {
  const init = {
    params: { query: { file_name: file.name.slice(-255), ...parametersFor(kind, parameters) }, header: { "Idempotency-Key": key } },
    body: file,
    signal,
    fetch: (request: Request) => send(request, file, onSent),
  };
  switch (kind) {
    case "companies":
      return unwrap(once.POST("/imports/companies", init));
    case "sec_company_facts":
      return unwrap(once.POST("/imports/sec-company-facts", init));
    case "prices":
      return unwrap(once.POST("/imports/prices", init));
    case "splits":
      return unwrap(once.POST("/imports/splits", init));
    case "exchange_rates":
      return unwrap(once.POST("/imports/exchange-rates", init));
  }
}

/** Sends a request as fetch does, which cannot tell how much of a file was sent. */
function send(request: Request, file: File, onSent: (bytes: number) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(request.method, request.url);
    request.headers.forEach((value, name) => xhr.setRequestHeader(name, value));
    xhr.upload.onprogress = (e) => onSent(e.loaded);
    xhr.onload = () => {
      const type = xhr.getResponseHeader("Content-Type");
      resolve(new Response(xhr.responseText, { status: xhr.status, statusText: xhr.statusText, headers: type === null ? {} : { "Content-Type": type } }));
    };
    xhr.onerror = () => reject(new TypeError("no answer"));
    const abort = () => {
      xhr.abort();
      reject(request.signal.reason as Error);
    };
    request.signal.addEventListener("abort", abort, { once: true });
    xhr.onloadend = () => request.signal.removeEventListener("abort", abort);
    if (request.signal.aborted) abort();
    else xhr.send(file);
  });
}

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
