import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, once, unwrap, type Schemas } from "../api.ts";

export type Import = Schemas["Import"];

/** The kinds of files, each with what can be said about one. */
export const parametersOf = {
  companies: [],
  sec_company_facts: ["ticker", "exchange", "other_cik"],
  prices: ["ticker", "adjusted", "adjusted_as_of"],
  splits: [],
  exchange_rates: [],
} as const satisfies Record<string, readonly (keyof Parameters)[]>;

export type Kind = keyof typeof parametersOf;

/** What a person says about a file. What is empty is not said. */
export interface Parameters {
  ticker?: string;
  exchange?: string;
  other_cik?: "new" | "former";
  adjusted?: "splits";
  /** Only of adjusted prices. */
  adjusted_as_of?: string;
}

const names: readonly [RegExp, Kind][] = [
  [/company_?tickers|companies/i, "companies"],
  [/company_?facts|^CIK\d{10}\b/i, "sec_company_facts"],
  [/eurofxref|exchange|rates/i, "exchange_rates"],
  [/splits?/i, "splits"],
  [/prices?|_us_d|historical|\.csv/i, "prices"],
];

/** The kind of a file by its name, as far as that tells. */
export const kindOf = (fileName: string): Kind | undefined => names.find(([name]) => name.test(fileName))?.[1];

/** What of the parameters goes with a kind of file. */
export function parametersFor(kind: Kind, parameters: Parameters): Parameters {
  const said: readonly (keyof Parameters)[] = parametersOf[kind];
  return Object.fromEntries(
    said.flatMap((name) => {
      const value = parameters[name]?.trim();
      return value && (name !== "adjusted_as_of" || parameters.adjusted) ? [[name, value]] : [];
    }),
  );
}

/** A file that is to be imported. Sent again with the same key it is not imported twice. */
export interface ImportRequest {
  kind: Kind;
  file: File;
  parameters: Parameters;
  key: string;
}

/** A name of a request, which it keeps when it is sent again. */
export const requestKey = (): string => crypto.getRandomValues(new Uint32Array(4)).join("-");

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
