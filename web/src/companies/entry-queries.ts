import { queryOptions } from "@tanstack/react-query";
import { api, pages, unwrap } from "../api.ts";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** All statements of a company as they are today. */
export const entryStatementsQuery = (ticker: string) =>
  queryOptions({
    queryKey: ["statements", ticker, "all"],
    queryFn: ({ signal }) =>
      all(pages(api.GET, "/companies/{ticker}/financial-statements", { params: { path: { ticker }, query: { page_size: 200 } }, signal })),
  });

/** All dividends of a company as they were filed or entered. */
export const entryDividendsQuery = (ticker: string) =>
  queryOptions({
    queryKey: ["dividends", ticker, "filed", "all"],
    queryFn: ({ signal }) =>
      all(pages(api.GET, "/companies/{ticker}/dividends", { params: { path: { ticker }, query: { page_size: 500, share_basis: "filed" } }, signal })),
  });

/** The splits of a company as they are today. */
export const entrySplitsQuery = (ticker: string) =>
  queryOptions({
    queryKey: ["splits", ticker, "all"],
    queryFn: ({ signal }) => unwrap(api.GET("/companies/{ticker}/splits", { params: { path: { ticker }, query: { page_size: 1000 } }, signal })),
  });
