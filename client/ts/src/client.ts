import createFetchClient, { createQuerySerializer, mergeHeaders, type Client, type HeadersOptions, type Middleware } from "openapi-fetch";
import { asOfOperations, basePath, bodyTypes, joinedParameters } from "../../../gen/ts/contract.js";
import type { components, paths } from "../../../gen/ts/schema.js";
import { SourceRequest, transport, type TransportOptions } from "./transport.js";

/** The types of the contract by name: `Schemas["Problem"]`. */
export type Schemas = components["schemas"];

/** What an upload can be. A form has the file in its part `file`. */
export type Upload = Blob | BufferSource | ReadableStream<Uint8Array> | FormData;

/** The operations by path and method, as openapi-typescript tells them, but for uploads, which are an {@link Upload}. */
export type ApiPaths = { [Path in keyof paths]: { [Method in keyof paths[Path]]: Operation<paths[Path][Method]> } };
type Operation<O> = O extends { requestBody: { content: infer Content } }
  ? Extract<Content[keyof Content], Blob> extends never
    ? O
    : Omit<O, "requestBody"> & { requestBody: { content: { "application/octet-stream": Upload } } }
  : O;

/** The operations that tell what was known on a day. */
export type PointInTimePaths = {
  [Path in keyof ApiPaths as `GET ${Path}` extends (typeof asOfOperations)[number] ? Path : never]: Pick<ApiPaths[Path], "get" | "parameters">;
};

declare const known: unique symbol;

/** A client of openapi-fetch for the operations of `Paths`. */
export interface ClientOf<Paths extends object> extends Client<Paths> {
  GET: Client<Paths>["GET"] & Knows<Paths>;
}

/** What carries, for types alone, the operations that it can call. */
export interface Knows<Paths> {
  readonly [known]?: Paths;
}

/** A client for all operations. */
export type ApiClient = ClientOf<ApiPaths>;

/** A client for the operations that tell what was known on its day. */
export type PointInTimeClient = ClientOf<PointInTimePaths>;

/** What a client is made of. */
export interface ClientOptions extends TransportOptions {
  /** The server's address, such as `https://example.com`; `/` in a page that comes from it. */
  baseUrl: string;
  /**
   * Reads the text of an answer that is not an error, `JSON.parse` unless given: to keep decimals exact, for example. The
   * types stay those of `JSON.parse`.
   */
  parse?: ((text: string) => unknown) | undefined;
}

interface Init {
  params?: { path?: Record<string, unknown>; query?: Record<string, unknown> };
  headers?: HeadersOptions;
  body?: unknown;
  parseAs?: string;
  fetch?: TransportOptions["fetch"];
}

type Call = (method: string, path: string, init: Init) => Promise<{ data?: unknown }>;

/** Makes a client that tells what was known at the end of a day (`YYYY-MM-DD`), and refuses what does not know `as_of`. */
export function createClient(options: ClientOptions & { asOf: string }): PointInTimeClient;
/**
 * Makes a client for all operations.
 *
 * @example
 * const client = createClient({ baseUrl: "http://localhost:8080", token: process.env.API_KEY });
 * const { data, error } = await client.GET("/users/me");
 */
export function createClient(options: ClientOptions & { asOf?: undefined }): ApiClient;
export function createClient(options: ClientOptions & { asOf?: string | undefined }): ApiClient | PointInTimeClient {
  const { asOf, parse } = options;
  const inner = createFetchClient<ApiPaths>({
    baseUrl: apiAddress(options.baseUrl),
    fetch: transport(options),
    Request: SourceRequest,
    querySerializer,
    bodySerializer: (body: unknown): unknown => (isRaw(body) ? body : JSON.stringify(body)),
  });

  const call: Call = async (method, path, init) => {
    const operation = `${method} ${path}`;
    const request: Init = { ...init };
    refuseOtherPaths(operation, init.params?.path);
    if (asOf !== undefined) request.params = pointInTime(operation, asOf, init.params);
    const type = (bodyTypes as Record<string, string>)[operation];
    if (type !== undefined && init.body !== undefined && !(init.body instanceof FormData)) {
      request.headers = mergeHeaders({ "Content-Type": type }, init.headers);
      if (type === form && !isRaw(init.body)) request.body = new URLSearchParams(init.body as Record<string, string>);
    }
    const isLogin = type === form;
    if (isLogin || init.fetch) request.fetch = transport({ ...options, ...(isLogin && { token: undefined }), ...(init.fetch && { fetch: init.fetch }) });
    if (!parse || request.parseAs !== undefined) return (inner.request as unknown as Call)(method, path, request);
    const result = await (inner.request as unknown as Call)(method, path, { ...request, parseAs: "text" });
    if (typeof result.data === "string") result.data = result.data === "" ? undefined : parse(result.data);
    return result;
  };

  const methods = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"];
  return {
    ...Object.fromEntries(methods.map((method) => [method, (path: string, init: Init = {}) => call(method, path, init)])),
    request: (method: string, path: string, init: Init = {}) => call(method.toUpperCase(), path, init),
    use: (...middleware: Middleware[]) => {
      inner.use(...middleware);
    },
    eject: (...middleware: Middleware[]) => {
      inner.eject(...middleware);
    },
  } as unknown as ApiClient;
}

const form = "application/x-www-form-urlencoded";

/** What is sent as it is, and not as JSON. */
function isRaw(body: unknown): boolean {
  return [Blob, FormData, URLSearchParams, ReadableStream, ArrayBuffer].some((type) => body instanceof type) || ArrayBuffer.isView(body);
}

function querySerializer(query: Record<string, unknown>): string {
  const [joined, others] = [true, false].map((is) =>
    Object.fromEntries(Object.entries(query).filter(([name]) => (joinedParameters as readonly string[]).includes(name) === is)),
  );
  const lists = createQuerySerializer({ array: { style: "form", explode: false } })(joined);
  return [lists, createQuerySerializer()(others)].filter((part) => part !== "").join("&");
}

function apiAddress(baseUrl: string): string {
  const address = baseUrl.replace(/\/+$/, "");
  return address.endsWith(basePath) ? address : address + basePath;
}

/** Refuses values that the platform takes for steps in a path: "GET /users/.." would be "GET /". */
function refuseOtherPaths(operation: string, values: Record<string, unknown> = {}): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === "" || value === "." || value === "..") throw new Error(`${operation}: ${name} cannot be ${JSON.stringify(value)}`);
  }
}

function pointInTime(operation: string, asOf: string, params: Init["params"]): NonNullable<Init["params"]> {
  if (!(asOfOperations as readonly string[]).includes(operation)) {
    throw new Error(`${operation} does not know as_of: it cannot tell what was known on ${asOf}`);
  }
  const other = params?.query?.["as_of"];
  if (other !== undefined && other !== asOf) throw new Error(`as_of is ${JSON.stringify(other)}, and ${asOf} for this client`);
  return { ...params, query: { ...params?.query, as_of: asOf } };
}
