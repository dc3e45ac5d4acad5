import { queryOptions } from "@tanstack/react-query";
import { api, pages } from "../api.ts";

/** All statements of a company as they are today. */
export const entryStatementsQuery = (ticker: string) =>
  queryOptions({
    queryKey: ["statements", ticker, "all"],
    queryFn: ({ signal }) =>
      Array.fromAsync(pages(api.GET, "/companies/{ticker}/financial-statements", { params: { path: { ticker }, query: { page_size: 200 } }, signal })),
  });

/** All dividends of a company as they were filed or entered. */
export const entryDividendsQuery = (ticker: string) =>
  queryOptions({
    queryKey: ["dividends", ticker, "filed", "all"],
    queryFn: ({ signal }) =>
      Array.fromAsync(pages(api.GET, "/companies/{ticker}/dividends", { params: { path: { ticker }, query: { page_size: 500, share_basis: "filed" } }, signal })),
  });
