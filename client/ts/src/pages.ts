import type { FetchOptions } from "openapi-fetch";
import type { Knows } from "./client.js";
import { unwrap, type Result } from "./problem.js";

/** One page of a list. */
export interface Page<Item = unknown> {
  items: Item[];
  /** The `page_token` of the next page, null on the last. */
  next_page_token: string | null;
}

interface Answer<Body> {
  get: { responses: { 200: { content: { "application/json": Body } } } };
}

/** The paths whose GET returns pages. */
export type PagedPath<Paths> = { [Path in keyof Paths]: Paths[Path] extends Answer<Page> ? Path : never }[keyof Paths];

/** What the GET of a path returns. */
export type PageOf<PathItem> = PathItem extends Answer<infer Body extends Page> ? Body : never;

type InitOf<PathItem> = PathItem extends { get: infer Operation } ? FetchOptions<Operation> : never;

/** The init of a path, which may be left out without required parameters, and of all paths: they stand for one that has no pages. */
type InitArgument<Paths, Path extends keyof Paths> = [PagedPath<Paths>] extends [Path]
  ? [init?: InitOf<Paths[Path]>]
  : Partial<InitOf<Paths[Path]>> extends InitOf<Paths[Path]>
    ? [init?: InitOf<Paths[Path]>]
    : [init: InitOf<Paths[Path]>];

/** A list over all of its pages, which are fetched when they are needed: iterate over it, or over {@link Pages.byPage}. */
export class Pages<P extends Page> implements AsyncIterable<P["items"][number]> {
  readonly #fetch: (token: string | undefined) => Promise<P>;
  readonly #signal: AbortSignal | undefined;

  /** @internal */
  constructor(fetch: (token: string | undefined) => Promise<P>, signal: AbortSignal | undefined) {
    this.#fetch = fetch;
    this.#signal = signal;
  }

  /** Iterates over the pages as the server returns them. */
  async *byPage(): AsyncGenerator<P, void, undefined> {
    for (let token: string | null | undefined = undefined; token !== null; ) {
      const page: P = await this.#fetch(token);
      yield page;
      token = page.next_page_token;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<P["items"][number], void, undefined> {
    for await (const page of this.byPage()) {
      for (const item of page.items) {
        this.#signal?.throwIfAborted();
        yield item as Awaited<P["items"][number]>;
      }
    }
  }
}

type Get = (path: unknown, init: { params?: { query?: Record<string, unknown> } }) => Promise<Result & { data: unknown }>;

/**
 * Lists the items of all pages, one page at a time. A `page_token` in the query is where it begins.
 *
 * @param get - `client.GET`
 * @param path - a path whose GET returns pages
 * @param init - as of `client.GET`: parameters, `signal` and so on
 * @throws ProblemError while iterating, when a page is an error
 *
 * @example
 * for await (const user of pages(client.GET, "/users", { params: { query: { page_size: 1000 } } })) ...
 */
export function pages<Paths extends object, Path extends PagedPath<Paths>>(
  get: Knows<Paths>,
  path: Path,
  ...[init]: InitArgument<Paths, Path>
): Pages<PageOf<Paths[Path]>> {
  const { params, signal, ...rest } = (init ?? {}) as { params?: { query?: Record<string, unknown> }; signal?: AbortSignal };
  return new Pages(async (token) => {
    const query = { ...params?.query, ...(token !== undefined && { page_token: token }) };
    const answer = (get as Get)(path, { ...rest, params: { ...params, query }, ...(signal && { signal }) });
    const page: unknown = await unwrap(answer);
    return page as PageOf<Paths[Path]>;
  }, signal);
}
