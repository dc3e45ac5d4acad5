import { NoAnswer, once, unwrap } from "../api.ts";
import { parametersFor, type Kind, type Parameters } from "./import-kinds.ts";
import type { Import } from "./imports.ts";

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
    xhr.onerror = () => reject(new NoAnswer());
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
