import { useQueries, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Suspense } from "react";
import { isProblem, type Schemas } from "../api.ts";
import { useAsOf } from "../asof.ts";
import { compact, day as calendarDay, month, none } from "../format.ts";
import { lazyPart } from "../lazy.ts";
import { Card, Choice, cx, Empty, Failure, Loading, Notice, TableFrame, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { best, byFiscalPeriod, flowOf, parseMetrics, valueOf, writeMetrics } from "./compare.ts";
import { CompanyPicker } from "./CompanyPicker.tsx";
import { MetricName } from "./MetricName.tsx";
import { MetricPicker } from "./MetricPicker.tsx";
import { metricValue, nullReason } from "./metrics.ts";
import { proofOf, useProof } from "./proof.ts";
import { Proof } from "./Proof.tsx";
import { companyQuery, metricsQuery, newestDayQuery, valueMetricsQuery } from "./queries.ts";
import type { Subject } from "./statement-queries.ts";
import { figureName, type Flow } from "./statement-rows.ts";
import { fileName, type ExportTable } from "./table-export.ts";
import { TableActions } from "./TableActions.tsx";
import { most, parseTickers } from "./tickers.ts";

const LineChart = lazyPart(() => import("./LineChart.tsx"));

/** What is compared: a metric, or a figure of the twelve months. */
interface Row {
  id: string;
  label: string;
  unit: string;
  better: Schemas["MetricDefinition"]["better"];
  isOfDay: boolean;
}

// Every sum of the twelve months; a new one of the contract is an error here until it is listed.
const flows = Object.keys({
  total_revenues: 0, cost_of_revenue: 0, gross_profit: 0, research_and_development: 0, selling_general_administrative: 0, operating_income: 0,
  interest_income: 0, interest_expense: 0, profit_before_tax: 0, tax_expense: 0, net_income: 0, preferred_dividends: 0, ebit: 0, depreciation_and_amortization: 0,
  ebitda: 0, operating_cash_flow: 0, capital_expenditure: 0, free_cash_flow: 0, stock_based_compensation: 0, acquisitions: 0, investing_cash_flow: 0,
  dividends_paid: 0, share_repurchases: 0, financing_cash_flow: 0, exchange_rate_effect: 0, net_change_in_cash: 0, income_taxes_paid: 0, interest_paid: 0,
} satisfies Record<Flow, 0>) as Flow[];

const figures: Row[] = flows.map((flow) => ({ id: `ttm.${flow}`, label: figureName(`ttm.${flow}`), unit: "money", better: "none", isOfDay: false }));

/** A value that opens its proof, if it has one. */
function Value({ row, value, name, reason, subject, isBest, open }: { row: Row; value: number | null | undefined; name: string; reason?: string | undefined; subject?: Subject | undefined; isBest?: boolean; open: (s: Subject) => void }) {
  const shown = metricValue(row.unit, value);
  const content = (
    <>
      {isBest && (
        <span className="me-1 text-accent" title={t.compare.best}>
          <span aria-hidden>{"★"}</span>
          <span className="sr-only">{t.compare.best}</span>
        </span>
      )}
      {value == null ? none : shown}
    </>
  );
  const look = cx("px-2 py-1 text-end whitespace-nowrap", value == null && "text-soft", isBest && "font-semibold");
  if (!subject || value === undefined)
    return (
      <td className={look} title={reason}>
        {content}
      </td>
    );
  return (
    <td className="p-0">
      <button
        type="button"
        title={reason}
        data-proof={proofOf(subject)}
        aria-label={reason === undefined ? t.compare.value(row.label, name, isBest ? `${shown}, ${t.compare.best}` : shown) : t.metrics.nullOf(row.label, reason, name)}
        onClick={() => open(subject)}
        className={cx("w-full hover:bg-tint", look)}
      >
        {content}
      </button>
    </td>
  );
}

/** Two to six companies side by side. */
export default function Compare() {
  useTitle(t.compare.title);
  const search = useSearch({ from: "/compare" });
  const navigate = useNavigate({ from: "/compare" });
  const asOf = useAsOf();
  const proof = useProof();
  const period = search.period ?? "annual";
  const tickers = parseTickers(search.tickers);
  const set = (next: { tickers?: string | undefined; metrics?: string | undefined; period?: "quarterly" | undefined; chart?: string | undefined; scale?: "log" | undefined }) =>
    void navigate({ search: (s) => ({ ...s, ...next }), resetScroll: false });

  const definitions = useQuery(metricsQuery);
  const all = definitions.data?.items ?? [];
  const define = (id: string) => all.find((d) => d.id === id);
  const rows = parseMetrics(search.metrics).flatMap((id): Row[] => {
    const d = define(id);
    if (d) return [{ id, label: d.label, unit: d.unit, better: d.better, isOfDay: d.scope === "day" }];
    const figure = figures.find((f) => f.id === id);
    return figure ? [figure] : [];
  });
  const hasDays = rows.some((r) => r.isOfDay);

  const answers = useQueries({ queries: tickers.map((ticker) => valueMetricsQuery(ticker, period, "as_of", asOf)) });
  const names = useQueries({ queries: tickers.map((ticker) => companyQuery(ticker)) });
  const days = useQueries({ queries: tickers.map((ticker) => ({ ...newestDayQuery(ticker, asOf), enabled: hasDays })) });

  const companies = tickers.map((ticker, i) => ({
    ticker,
    name: names[i]?.data?.name ?? ticker,
    id: names[i]?.data?.id ?? answers[i]?.data?.items[0]?.company_id,
    isUnknown: isProblem(answers[i]?.error, "not-found") || isProblem(names[i]?.error, "not-found"),
    error: answers[i]?.error,
    retry: answers[i]?.refetch,
    isLoaded: answers[i]?.data !== undefined,
    items: answers[i]?.data?.items ?? [],
    day: days[i]?.data,
  }));
  const sameAs = (i: number) => companies.findIndex((c) => c.id !== undefined && c.id === companies[i]?.id);
  const shown = companies.filter((c, i) => !c.isUnknown && c.items.length > 0 && (c.id === undefined || sameAs(i) === i));
  const isLoading = companies.some((c) => !c.isLoaded && !c.error) || definitions.isPending;
  const failed = companies.find((c) => c.error && !c.isUnknown);

  const newest = shown.map((c) => c.items[0]);
  const currencies = [...new Set(newest.flatMap((v) => (v ? [v.currency] : [])))];
  const yearEnds = shown.flatMap((c) => {
    const year = period === "annual" ? c.items[0] : undefined;
    return year ? [{ ticker: c.ticker, month: year.end_date.slice(5, 7), said: `${c.ticker} ${new Intl.DateTimeFormat(navigator.language, { month: "long", timeZone: "UTC" }).format(new Date(`${year.end_date}T00:00:00Z`))}` }] : [];
  });

  const charted = rows.find((r) => r.id === search.chart) ?? rows.find((r) => !r.isOfDay) ?? rows[0];
  const periods = byFiscalPeriod(shown.map((c) => c.items));
  const valueAt = (row: Row, i: number) => (row.isOfDay ? shown[i]?.day?.metrics[row.id] : valueOf(row.id, newest[i]));
  const reasonOf = (row: Row, i: number): Schemas["MetricNull"] | undefined => (row.isOfDay ? shown[i]?.day?.metric_reasons[row.id] : newest[i]?.reasons[row.id]);
  const subjectOf = (row: Row, of: Schemas["ValueMetrics"] | undefined, i: number): Subject | undefined => {
    const company = shown[i];
    if (row.isOfDay) return company?.day ? { ticker: company.ticker, date: company.day.date, field: row.id } : undefined;
    const flow = flowOf(row.id);
    // The twelve months of a year are the year; those of quarters have no proof of their own.
    if (flow !== undefined && of?.period !== "annual") return undefined;
    return of && { statement: of.statement_id, field: flow ?? row.id };
  };
  const format = (row: Row) => (y: number) => (row.unit === "money" ? compact(y) : metricValue(row.unit, y));
  const unit = (row: Row) => (row.unit === "money" ? ` (${t.compare.inMillions})` : "");
  const file = (...parts: string[]) => fileName("compare", ...shown.map((c) => c.ticker), ...parts, ...(asOf === undefined ? [] : [asOf]));

  const newestTable = (): ExportTable => ({
    caption: t.compare.newestCaption,
    head: [t.metrics.metric, t.metrics.unit, ...shown.map((c) => c.ticker)],
    rows: rows.map((r) => [r.id, r.unit, ...shown.map((_, i) => valueAt(r, i) ?? null)]),
  });
  const periodTable = (row: Row) => (): ExportTable => ({
    caption: t.compare.caption(row.label),
    head: [t.compare.year, t.compare.quarter, ...shown.map((c) => c.ticker)],
    rows: periods.map((p) => [p.year, p.quarter, ...p.of.map((v) => valueOf(row.id, v) ?? null)]),
  });

  return (
    <div className="space-y-5">
      <div>
        <h1>{t.compare.title}</h1>
        <p className="mt-1 text-soft">{t.compare.intro}</p>
      </div>
      <section aria-label={t.compare.companies} className="space-y-3">
        <ul className="flex flex-wrap gap-2">
          {companies.map((c, i) => (
            <li key={c.ticker} className={cx("flex items-center gap-1.5 rounded-full border border-line bg-card py-1 ps-3 pe-1 text-sm", c.isUnknown && "border-bad")}>
              {c.isUnknown ? (
                c.ticker
              ) : (
                <Link to="/companies/$ticker" params={{ ticker: c.ticker }} className="no-underline hover:underline">
                  {c.name}
                </Link>
              )}
              {c.name !== c.ticker && <span className="text-xs text-soft">{c.ticker}</span>}
              <button
                type="button"
                aria-label={t.compare.remove(c.name)}
                onClick={() => set({ tickers: tickers.filter((_, j) => j !== i).join() || undefined })}
                className="grid size-6 place-items-center rounded-full text-soft hover:bg-sunk hover:text-ink print:hidden"
              >
                <span aria-hidden>{"✕"}</span>
              </button>
            </li>
          ))}
        </ul>
        {tickers.length < most ? <CompanyPicker onPick={(c) => set({ tickers: parseTickers([...tickers, c.ticker].join()).join() })} /> : <p className="text-sm text-soft">{t.compare.full}</p>}
        {companies.map((c, i) => {
          const first = companies[sameAs(i)];
          return c.isUnknown ? (
            <Notice key={c.ticker} tone="bad">{t.compare.unknown(c.ticker)}</Notice>
          ) : first && first !== c ? (
            <Notice key={c.ticker}>{t.compare.same(c.ticker, first.ticker)}</Notice>
          ) : (
            c.isLoaded && c.items.length === 0 && <Notice key={c.ticker}>{t.compare.noFigures(c.name)}</Notice>
          );
        })}
        {currencies.length > 1 && <Notice tone="warn">{t.compare.currencies(shown.flatMap((c, i) => newest[i] ? [`${c.ticker} ${newest[i].currency}`] : []).join(", "))}</Notice>}
        {new Set(yearEnds.map((y) => y.month)).size > 1 && <Notice>{t.compare.years(yearEnds.map((y) => y.said).join(", "))}</Notice>}
        {shown.length === 1 && tickers.length === 1 && <Notice>{t.compare.few}</Notice>}
      </section>
      {failed && <Failure error={failed.error} retry={() => void failed.retry?.()} />}
      {definitions.error && <Failure error={definitions.error} retry={() => void definitions.refetch()} />}
      {tickers.length === 0 ? (
        <Empty>{t.compare.start}</Empty>
      ) : isLoading ? (
        <Loading rows={12} />
      ) : (
        shown.length > 0 && (
          <>
            <div className="flex flex-wrap items-start gap-3">
              <Choice
                label={t.metrics.period}
                name="period"
                value={period}
                options={[
                  { value: "annual", label: t.metrics.annual },
                  { value: "quarterly", label: t.metrics.quarterly },
                ]}
                onChange={(v) => set({ period: v === "quarterly" ? v : undefined })}
              />
            </div>
            <MetricPicker
              definitions={all}
              figures={figures}
              chosen={rows.map((r) => r.id)}
              onChange={(ids) => set({ metrics: writeMetrics(ids) })}
              onReset={() => set({ metrics: undefined })}
            />
            {rows.length === 0 ? (
              <Empty>{t.compare.noMetrics}</Empty>
            ) : (
              <Card title={t.compare.newest} actions={<TableActions table={newestTable} name={file(period)} />}>
                <TableFrame caption={t.compare.newestCaption}>
                  <thead>
                    <tr>
                      <th scope="col" className="sticky top-0 left-0 z-20 min-w-40 bg-card py-1.5 pe-3 text-start align-bottom text-xs font-normal text-soft">
                        {t.compare.metrics}
                      </th>
                      {shown.map((c, i) => (
                        <th key={c.ticker} scope="col" className="sticky top-0 z-10 min-w-24 bg-card px-2 py-1.5 text-end align-bottom">
                          <span className="block">{c.ticker}</span>
                          {newest[i] && (
                            <span className="block text-xs font-normal text-soft sm:whitespace-nowrap">
                              {`${t.metrics.quarter(newest[i].fiscal_year, newest[i].fiscal_quarter)}, ${month(newest[i].end_date)}, ${newest[i].currency}`}
                            </span>
                          )}
                          {hasDays && c.day !== undefined && (
                            <span className="block text-xs font-normal text-soft sm:whitespace-nowrap">{c.day ? t.compare.ofDay(calendarDay(c.day.date)) : t.compare.noPrices}</span>
                          )}
                        </th>
                      ))}
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((row) => {
                      const values = shown.map((_, i) => valueAt(row, i));
                      const top = best(values, currencies.length > 1 && (row.unit === "money" || row.unit === "money_per_share") ? "none" : row.better);
                      return (
                        <tr key={row.id} className="border-t border-line hover:bg-sunk">
                          <th scope="row" className="sticky left-0 z-10 max-w-64 min-w-40 bg-card py-1 pe-3 text-start font-normal">
                            <MetricName id={row.id}>{row.label}</MetricName>
                            <span className="text-xs text-soft">{unit(row)}</span>
                          </th>
                          {shown.map((c, i) => (
                            <Value
                              key={c.ticker}
                              row={row}
                              value={values[i]}
                              name={c.ticker}
                              reason={values[i] === null ? nullReason(reasonOf(row, i), define) : undefined}
                              subject={subjectOf(row, newest[i], i)}
                              isBest={top.includes(i)}
                              open={proof.open}
                            />
                          ))}
                        </tr>
                      );
                    })}
                  </tbody>
                </TableFrame>
              </Card>
            )}
            {charted && (
              <Card
                title={t.compare.overTime}
                actions={
                  <>
                    {!charted.isOfDay && (
                      <label className="flex items-center gap-1.5 text-sm text-soft">
                        <input type="checkbox" checked={search.scale === "log"} onChange={(e) => set({ scale: e.target.checked ? "log" : undefined })} className="accent-accent" />
                        {t.compare.logarithmic}
                      </label>
                    )}
                    <label className="text-sm text-soft">
                      {t.compare.charted}{" "}
                      <select value={charted.id} onChange={(e) => set({ chart: e.target.value })} className="max-w-60 rounded-md border border-line bg-card px-2 py-1.5 text-ink">
                        {rows.map((r) => (
                          <option key={r.id} value={r.id}>
                            {r.label}
                          </option>
                        ))}
                      </select>
                    </label>
                    {!charted.isOfDay && <TableActions table={periodTable(charted)} name={file(charted.id, period)} />}
                  </>
                }
              >
                {charted.isOfDay ? (
                  <p className="text-sm text-soft">{t.compare.ofDays}</p>
                ) : (
                  <div className="gap-6 xl:grid xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
                    <Suspense fallback={<div className="h-64" />}>
                      <LineChart
                        label={charted.label}
                        series={shown.map((c) => ({ name: c.ticker, points: c.items.map((v) => ({ x: v.end_date, y: valueOf(charted.id, v) ?? null })).reverse() }))}
                        format={format(charted)}
                        logarithmic={search.scale === "log"}
                      />
                    </Suspense>
                    <TableFrame caption={(period === "annual" ? t.compare.caption : t.compare.captionQuarters)(charted.label)} className="max-h-96">
                      <thead>
                        <tr>
                          <th scope="col" className="sticky top-0 left-0 z-20 bg-card py-1.5 pe-3 text-start text-xs font-normal text-soft">
                            {`${period === "annual" ? t.compare.year : t.compare.quarter}${unit(charted)}`}
                          </th>
                          {shown.map((c) => (
                            <th key={c.ticker} scope="col" className="sticky top-0 z-10 bg-card px-2 py-1.5 text-end">
                              {c.ticker}
                            </th>
                          ))}
                        </tr>
                      </thead>
                      <tbody>
                        {periods.map((p) => (
                          <tr key={`${p.year} ${p.quarter ?? 0}`} className="border-t border-line hover:bg-sunk">
                            <th scope="row" className="sticky left-0 z-10 bg-card py-1 pe-3 text-start font-normal whitespace-nowrap">
                              {t.metrics.quarter(p.year, p.quarter)}
                            </th>
                            {shown.map((c, i) => {
                              const value = valueOf(charted.id, p.of[i]);
                              return (
                                <Value
                                  key={c.ticker}
                                  row={charted}
                                  value={value}
                                  name={`${c.ticker}, ${t.metrics.quarter(p.year, p.quarter)}`}
                                  reason={value === null ? nullReason(p.of[i]?.reasons[charted.id], define) : undefined}
                                  subject={subjectOf(charted, p.of[i], i)}
                                  open={proof.open}
                                />
                              );
                            })}
                          </tr>
                        ))}
                      </tbody>
                    </TableFrame>
                  </div>
                )}
              </Card>
            )}
          </>
        )
      )}
      <Proof of={proof.subject} onClose={proof.close} />
    </div>
  );
}
