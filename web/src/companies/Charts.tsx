import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Suspense, useMemo, useState } from "react";
import type { Schemas } from "../api.ts";
import { useAsOf } from "../asof.ts";
import * as format from "../format.ts";
import { lazyPart } from "../lazy.ts";
import { Card, Choice, cx, Empty, Failure, Loading, Notice, TableFrame } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import Bars from "./Bars.tsx";
import { fixedMetricsQuery, periods } from "./chart-queries.ts";
import { statementsQuery } from "./queries.ts";

const LineChart = lazyPart(() => import("./LineChart.tsx"));
const height = 250;

type Statement = Schemas["FinancialStatement"];
type Metrics = Schemas["ValueMetrics"];

/** What a chart draws, and its table tells. */
interface Part {
  id: keyof typeof t.charts.parts;
  /** `money` and `shares` stand in millions. */
  unit: "money" | "fraction" | "shares";
  bars: boolean;
  figures: { id: keyof typeof t.charts.figures; of: (s: Statement, m: Metrics | undefined) => number | null | undefined }[];
}

const parts: Part[] = [
  { id: "revenue", unit: "money", bars: true, figures: [{ id: "total_revenues", of: (s) => s.total_revenues }] },
  {
    id: "margins",
    unit: "fraction",
    bars: false,
    figures: [
      { id: "gross_profit_margin", of: (_, m) => m?.gross_profit_margin },
      { id: "operating_margin", of: (_, m) => m?.operating_margin },
      { id: "net_profit_margin", of: (_, m) => m?.net_profit_margin },
    ],
  },
  {
    id: "cash",
    unit: "money",
    bars: true,
    figures: [
      { id: "free_cash_flow", of: (s) => s.free_cash_flow },
      { id: "operating_cash_flow", of: (s) => s.operating_cash_flow },
      { id: "capital_expenditure", of: (s) => s.capital_expenditure },
    ],
  },
  {
    id: "debt",
    unit: "money",
    bars: true,
    figures: [
      { id: "total_debt", of: (s) => s.total_debt },
      { id: "cash_and_equivalents", of: (s) => s.cash_and_equivalents },
      { id: "total_equity", of: (s) => s.total_equity },
    ],
  },
  {
    id: "shares",
    unit: "shares",
    bars: false,
    figures: [
      { id: "shares_outstanding", of: (s) => s.shares_outstanding },
      { id: "weighted_average_shares_diluted", of: (s) => s.weighted_average_shares_diluted },
    ],
  },
];

/** Twenty years of a company as charts, each beside the table that it draws. */
export default function Charts() {
  const { ticker } = useParams({ from: "/companies/$ticker" });
  const { period = "annual" } = useSearch({ from: "/companies/$ticker/charts" });
  const navigate = useNavigate({ from: "/companies/$ticker/charts" });
  const asOf = useAsOf();
  const statements = useQuery(statementsQuery(ticker, period, "as_of", asOf, periods(period)));
  const metrics = useQuery(fixedMetricsQuery(ticker, period, asOf));

  const rows = useMemo(() => {
    const of = new Map(metrics.data?.items.map((m) => [m.statement_id, m]));
    return statements.data?.items.map((s) => ({ s, m: of.get(s.id) }));
  }, [statements.data, metrics.data]);
  const currency = rows?.[0]?.s.currency ?? "";
  const others = rows?.some(({ s }) => s.currency !== currency) === true;

  const error = statements.error ?? metrics.error;
  return (
    <div className="space-y-4">
      <Choice
        label={t.charts.period}
        name="period"
        value={period}
        options={[
          { value: "annual", label: t.charts.annual },
          { value: "quarterly", label: t.charts.quarterly },
        ]}
        onChange={(value) => void navigate({ search: (s) => ({ ...s, period: value === "annual" ? undefined : value }), replace: true })}
      />
      {error && (
        <Failure
          error={error}
          retry={() => {
            void statements.refetch();
            void metrics.refetch();
          }}
        />
      )}
      {others && <Notice tone="warn">{t.charts.currencies(currency)}</Notice>}
      {rows?.length === 0 && <Empty>{asOf === undefined ? t.charts.none : t.charts.nonePast(format.day(asOf))}</Empty>}
      {!rows && !error && <Loading rows={10} />}
      {rows && rows.length > 0 && parts.map((part) => <Chart key={`${part.id}-${period}`} part={part} rows={rows} currency={currency} />)}
    </div>
  );
}

interface Row {
  s: Statement;
  m: Metrics | undefined;
}

const periodName = (s: Statement) => (s.fiscal_quarter === null ? String(s.fiscal_year) : t.charts.quarter(s.fiscal_quarter, s.fiscal_year));

function Chart({ part, rows, currency }: { part: Part; rows: Row[]; currency: string }) {
  const [at, setAt] = useState<string | null>(null);
  const title = t.charts.parts[part.id];
  const series = useMemo(
    () =>
      part.figures.map((f) => ({
        name: t.charts.figures[f.id],
        // Amounts in different currencies cannot stand on one axis.
        points: rows.map(({ s, m }) => ({ x: s.end_date, y: part.unit === "money" && s.currency !== currency ? null : (f.of(s, m) ?? null) })),
      })),
    [part, rows, currency],
  );
  const names = useMemo(() => new Map(rows.map(({ s }) => [s.end_date, periodName(s)])), [rows]);
  const text = {
    money: { format: (y: number) => format.compact(y, currency), cell: format.millions, unit: t.charts.millionsOf(currency) },
    fraction: { format: (y: number) => format.percent(y), cell: format.percent, unit: t.charts.percent },
    shares: { format: (y: number) => format.compact(y), cell: format.millions, unit: t.charts.millions },
  }[part.unit];
  const cell = (v: number | null | undefined) => text.cell(v);
  const common = { label: title, series, format: text.format, height, at, onAt: setAt, period: (x: string) => names.get(x) ?? x };
  // Side by side, three bars of each of eighty quarters are too thin to read.
  const bars = part.bars && rows.length * part.figures.length <= 90;
  return (
    <Card title={title}>
      <div className="grid gap-x-6 gap-y-4 lg:grid-cols-[minmax(0,1fr)_minmax(18rem,26rem)]">
        {bars ? (
          <Bars {...common} />
        ) : (
          <Suspense fallback={<div style={{ height: height + 28 }} />}>
            <LineChart {...common} />
          </Suspense>
        )}
        <TableFrame caption={t.charts.table(title, text.unit)} className="mx-0! max-h-72! px-0! print:max-h-none!">
          <thead className="sticky top-0 bg-card">
            <tr className="border-b border-line text-right align-bottom">
              <th scope="col" className="py-1 pr-2 text-left text-xs font-normal text-soft">
                {text.unit}
              </th>
              {part.figures.map((f) => (
                <th key={f.id} scope="col" className="py-1 pl-2 text-xs font-semibold">
                  {t.charts.figures[f.id]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ s, m }) => (
              <tr key={s.id} className={cx("border-b border-line/50 text-right", s.end_date === at && "bg-tint")}>
                <th scope="row" className="py-0.5 pr-2 text-left font-normal whitespace-nowrap" title={format.day(s.end_date)}>
                  {periodName(s)}
                  {part.unit === "money" && s.currency !== currency && <span className="text-soft"> {s.currency}</span>}
                </th>
                {part.figures.map((f) => (
                  <td key={f.id} className="py-0.5 pl-2">
                    {cell(f.of(s, m))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </TableFrame>
      </div>
    </Card>
  );
}
