import { queryOptions } from "@tanstack/react-query";
import { known, pages, unwrap, type Schemas } from "../api.ts";
import { fixedMetricsQuery } from "./chart-queries.ts";
import { statementsQuery, type Period, type ShareBasis } from "./queries.ts";
import { statementCount, type View } from "./statement-view.ts";

/** A figure or metric of a statement, on the share basis that is shown. */
export interface StatementFigure {
  statement: number;
  field: string;
  share_basis?: ShareBasis | undefined;
}

/** A figure or ratio of a listing's trading day. */
export interface DayFigure {
  ticker: string;
  date: string;
  field: string;
}

/** What a proof is of. */
export type Subject = StatementFigure | DayFigure;

/** How a figure, metric or ratio was made. */
export const proofQuery = (of: Subject, asOf: string | undefined) =>
  queryOptions({
    queryKey: ["proof", of, asOf],
    queryFn: ({ signal }): Promise<Schemas["ExplainedFigure"] | Schemas["ExplainedRatio"]> =>
      "statement" in of
        ? unwrap(
            known(asOf).GET("/financial-statements/{id}/explanation", {
              params: { path: { id: of.statement }, query: { field: of.field, share_basis: of.share_basis ?? "as_of" } },
              signal,
            }),
          )
        : unwrap(
            known(asOf).GET("/companies/{ticker}/daily-ratios/{date}/explanation", {
              params: { path: { ticker: of.ticker, date: of.date }, query: { field: of.field } },
              signal,
            }),
          ),
  });

/** All that later filings changed in a company's statements of a period, the newest first. */
export const restatementsQuery = (ticker: string, period: Period, asOf: string | undefined) =>
  queryOptions({
    queryKey: ["restatements", ticker, period, asOf],
    queryFn: ({ signal }) =>
      Array.fromAsync(pages(known(asOf).GET, "/companies/{ticker}/restatements", { params: { path: { ticker }, query: { period, page_size: 1000 } }, signal })),
  });

/** The statements of a view, the newest first, with those of the year before the oldest. */
export const statementsOf = (ticker: string, view: View, asOf: string | undefined) =>
  statementsQuery(ticker, view.period === "annual" ? "annual" : "quarterly", view.basis, asOf, statementCount(view));

/** The twelve months up to each quarter's end of a view, the newest first. */
export const twelveMonthsOf = (ticker: string, view: View, asOf: string | undefined) => fixedMetricsQuery(ticker, "quarterly", asOf, statementCount(view));
