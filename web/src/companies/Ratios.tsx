import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Suspense, useMemo, useState } from "react";
import type { Schemas } from "../api.ts";
import { useAsOf } from "../asof.ts";
import * as format from "../format.ts";
import { lazyPart } from "../lazy.ts";
import { Card, Choice, Empty, Failure, Loading, TableFrame } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { dayQuery } from "./chart-queries.ts";
import { gaps, ranges, spanOf, thin } from "./days.ts";
import { MetricName } from "./MetricName.tsx";
import { byGroup, groupLabel, metricValue, nullReason } from "./metrics.ts";
import { proofOf, useProof } from "./proof.ts";
import { Proof } from "./Proof.tsx";
import { companyQuery, metricsQuery } from "./queries.ts";
import { ratiosSearch, type RatiosSearch } from "./ratios-search.ts";
import { fileName } from "./table-export.ts";
import { TableActions } from "./TableActions.tsx";
import { useDays } from "./use-days.ts";

const LineChart = lazyPart(() => import("./LineChart.tsx"));

type Definition = Schemas["MetricDefinition"];
type Day = Schemas["DailyRatios"];

/** A value on a chart or in its table, in words. */
const say = (of: Definition, v: number | null | undefined, currency: string | null) =>
  of.unit === "money" && currency !== null ? format.compact(v, currency) : metricValue(of.unit, v);

const chartHeight = 220;
const ratios = (d: readonly Definition[]) => d.filter((m) => m.scope === "day");

/** A listing's price and ratios, day by day. */
export default function Ratios() {
  const { ticker } = useParams({ from: "/companies/$ticker" });
  const search = useSearch({ from: "/companies/$ticker/ratios" });
  const navigate = useNavigate({ from: "/companies/$ticker/ratios" });
  const put = (next: Partial<RatiosSearch>) => void navigate({ search: (s) => ({ ...s, ...next }), replace: true, resetScroll: false });
  const asOf = useAsOf();
  const { listing, range, basis, show, scale } = ratiosSearch(search, ticker);

  const company = useQuery(companyQuery(ticker));
  const definitions = useQuery(metricsQuery);
  const { days: data, coming, old, error, retry } = useDays({ listing, range, share_basis: basis, metrics: show }, asOf);
  const listings = company.data?.listings ?? [];
  const all = useMemo(() => ratios(definitions.data?.items ?? []), [definitions.data]);
  const shown = useMemo(() => show.flatMap((id) => all.find((d) => d.id === id) ?? []), [show, all]);
  const proof = useProof();
  const newest = data?.at(-1);

  return (
    <div className="space-y-4">
      <div className="flex flex-wrap items-center gap-2">
        {listings.length > 1 && (
          <label className="inline-flex items-center gap-2 text-sm print:hidden">
            <span className="text-soft">{t.ratios.listing}</span>
            <select
              className="rounded-md border border-line bg-card px-2 py-1.5"
              value={listing}
              onChange={(e) => put({ listing: e.target.value === ticker ? undefined : e.target.value })}
            >
              {listings.map((l) => (
                <option key={l.ticker} value={l.ticker}>
                  {[l.ticker, l.exchange, l.share_class].filter(Boolean).join(" · ")}
                </option>
              ))}
            </select>
          </label>
        )}
        <Choice label={t.ratios.range} name="range" value={range} options={ranges.map((value) => ({ value, label: t.ratios.ranges[value] }))} onChange={(value) => put({ range: value })} />
        <Choice
          label={t.ratios.basis}
          name="basis"
          value={basis}
          options={[
            { value: "as_of", label: t.ratios.adjusted },
            { value: "filed", label: t.ratios.traded },
          ]}
          onChange={(value) => put({ basis: value === "filed" ? value : undefined })}
        />
        <Choice
          label={t.ratios.scale}
          name="scale"
          value={scale}
          options={[
            { value: "linear", label: t.ratios.linear },
            { value: "log", label: t.ratios.log },
          ]}
          onChange={(value) => put({ scale: value === "log" ? value : undefined })}
        />
        <span role="status" className="text-sm text-soft">
          {coming && data && data.length > 0 && t.ratios.coming(data.length)}
        </span>
      </div>
      <Picker all={all} shown={show} onChange={(ids) => put({ show: ids.join(",") })} />
      {error && <Failure error={error} retry={retry} />}
      {definitions.error && <Failure error={definitions.error} retry={() => void definitions.refetch()} />}
      {!error && (!data || (data.length === 0 && coming)) && <Loading rows={12} />}
      {data?.length === 0 && !coming && !error && <Empty>{asOf === undefined ? t.ratios.none(listing) : t.ratios.nonePast(listing, format.day(asOf))}</Empty>}
      {data && newest && (
        <>
          <Lines days={data} shown={shown} traded={basis === "filed"} logarithmic={scale === "log"} />
          {!old && <Gaps days={data} shown={shown} traded={basis === "filed"} />}
          <Newest listing={listing} date={newest.date} basis={basis} all={all} open={proof.open} />
          <Table days={data} shown={shown} span={spanOf[range]} traded={basis === "filed"} name={fileName(listing, t.ratios.file, range, newest.date)} />
        </>
      )}
      <Proof of={proof.subject} onClose={proof.close} />
    </div>
  );
}

/** Which ratios are shown, by their groups. */
function Picker({ all, shown, onChange }: { all: readonly Definition[]; shown: readonly string[]; onChange: (ids: string[]) => void }) {
  return (
    <details className="rounded-md border border-line bg-card px-3 py-2 text-sm print:hidden">
      <summary className="font-medium">
        {t.ratios.choose}
        <span className="ms-2 font-normal text-soft">{shown.map((id) => all.find((d) => d.id === id)?.label ?? id).join(", ")}</span>
      </summary>
      <div className="mt-3 grid gap-x-6 gap-y-3 sm:grid-cols-2 lg:grid-cols-4">
        {byGroup(all).map(([group, list]) => (
          <fieldset key={group} className={list.length > 8 ? "sm:col-span-2 sm:columns-2 sm:gap-6 lg:col-span-3 lg:columns-3" : undefined}>
            <legend className="mb-1 font-semibold">{groupLabel(group)}</legend>
            {list.map((d) => {
              const is = shown.includes(d.id);
              return (
                <label key={d.id} className="flex cursor-pointer items-baseline gap-2 py-0.5">
                  <input
                    type="checkbox"
                    checked={is}
                    disabled={is ? shown.length === 1 : shown.length >= 6}
                    onChange={() => onChange(is ? shown.filter((id) => id !== d.id) : [...shown, d.id])}
                  />
                  {d.label}
                </label>
              );
            })}
          </fieldset>
        ))}
      </div>
      {shown.length >= 6 && <p className="mt-2 text-soft">{t.ratios.most}</p>}
    </details>
  );
}

const priceOf = (d: Day, traded: boolean) => (traded ? d.close : d.adjusted_close);

/** The price above, the ratios below, by their units; one cursor for all. */
function Lines({ days, shown, traded, logarithmic }: { days: readonly Day[]; shown: readonly Definition[]; traded: boolean; logarithmic: boolean }) {
  const [at, setAt] = useState<string | null>(null);
  const currency = days.at(-1)?.price_currency ?? "USD";
  const price = useMemo(
    () => [{ name: traded ? t.ratios.close : t.ratios.adjustedClose, points: days.map((d) => ({ x: d.date, y: priceOf(d, traded) })) }],
    [days, traded],
  );
  const charts = useMemo(
    () =>
      [...new Set(shown.map((m) => m.unit))].map((unit) => {
        const list = shown.filter((m) => m.unit === unit);
        return { unit, list, series: list.map((m) => ({ name: m.label, points: days.map((d) => ({ x: d.date, y: d.metrics[m.id] ?? null })) })) };
      }),
    [shown, days],
  );
  const waiting = <div style={{ height: chartHeight + 28 }} />;
  return (
    <Card title={t.ratios.charts}>
      <div className="space-y-4">
        <Suspense fallback={waiting}>
          <LineChart label={t.ratios.price} series={price} format={(y) => format.money(y, currency)} height={chartHeight} logarithmic={logarithmic} at={at} onAt={setAt} />
        </Suspense>
        {charts.map(({ unit, list, series }) => (
          <Suspense key={unit} fallback={waiting}>
            <LineChart
              label={list.map((m) => m.label).join(", ")}
              series={series}
              format={(y) => (list[0] ? say(list[0], y, days.at(-1)?.currency ?? null) : "")}
              height={chartHeight}
              logarithmic={logarithmic && unit !== "fraction"}
              at={at}
              onAt={setAt}
            />
          </Suspense>
        ))}
      </div>
    </Card>
  );
}

/** When a line breaks, and why. */
function Gaps({ days, shown, traded }: { days: readonly Day[]; shown: readonly Definition[]; traded: boolean }) {
  const found = useMemo(() => shown.flatMap((m) => gaps(days, m.id).map((gap) => ({ ...gap, m }))), [days, shown]);
  const split = !traded && days.some((d) => d.adjusted_close === null);
  if (found.length === 0 && !split) return null;
  return (
    <details className="rounded-md border border-line bg-card px-3 py-2 text-sm" open={found.length <= 3}>
      <summary className="font-medium">{t.ratios.gaps(found.length + (split ? 1 : 0))}</summary>
      <ul className="mt-2 space-y-1">
        {split && <li>{t.ratios.splitUnknown}</li>}
        {found.slice(0, 100).map(({ m, from, to, reason }) => (
          <li key={`${m.id} ${from}`}>
            <span className="font-medium">{m.label}</span>
            {", "}
            {from === to ? format.day(from) : t.ratios.span(format.day(from), format.day(to))}
            {": "}
            <span className="text-soft">{nullReason(reason)}</span>
          </li>
        ))}
        {found.length > 100 && <li className="text-soft">{t.ratios.moreGaps(found.length - 100)}</li>}
      </ul>
    </details>
  );
}

/** All ratios of the newest day, each with its proof. */
function Newest(props: {
  listing: string;
  date: string;
  basis: "as_of" | "filed";
  all: readonly Definition[];
  open: ReturnType<typeof useProof>["open"];
}) {
  const { listing, date } = props;
  const { data, error, refetch } = useQuery(dayQuery(listing, date, props.basis, useAsOf()));
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  const button = (field: string, text: string) => (
    <button
      type="button"
      data-proof={proofOf({ ticker: listing, date, field })}
      className="rounded text-right tabular-nums decoration-dotted underline-offset-4 hover:text-accent hover:underline"
      aria-label={t.ratios.prove(field.replaceAll("_", " "), text)}
      onClick={() => props.open({ ticker: listing, date, field })}
    >
      {text}
    </button>
  );
  const row = (key: string, name: React.ReactNode, value: React.ReactNode) => (
    <div key={key} className="flex break-inside-avoid items-baseline justify-between gap-3 border-b border-line/50 py-0.5">
      <dt className="min-w-0">{name}</dt>
      <dd className="text-right">{value}</dd>
    </div>
  );
  return (
    <Card title={t.ratios.newest(format.day(date))}>
      {!data ? (
        <Loading rows={8} />
      ) : (
        <div className="space-y-3 text-sm">
          <p className="text-soft">
            {data.statement_end_date === null ? t.ratios.noStatement : t.ratios.statement(format.day(data.statement_end_date))}
            {data.exchange_rate !== null && data.exchange_rate !== 1 && ` ${t.ratios.rate(format.number(data.exchange_rate, 6), data.currency ?? "", data.price_currency)}`}
          </p>
          {data.reasons.length > 0 && (
            <ul className="text-warn">
              {data.reasons.map((r) => (
                <li key={r}>{nullReason({ reason: r, missing_inputs: [] })}</li>
              ))}
            </ul>
          )}
          <dl className="gap-8 sm:columns-2 lg:columns-3">
            {row("close", t.ratios.close, format.money(data.close, data.price_currency))}
            {row("shares", t.ratios.sharesMillions, data.shares_outstanding === null ? format.none : button("shares_outstanding", format.millions(data.shares_outstanding)))}
            {row("cap", t.ratios.marketCap(data.price_currency), data.market_cap === null ? format.none : button("market_cap", format.millions(data.market_cap)))}
            {row("ev", t.ratios.enterpriseValue(data.currency ?? ""), data.enterprise_value === null ? format.none : button("enterprise_value", format.millions(data.enterprise_value)))}
          </dl>
          {byGroup(props.all).map(([group, list]) => (
            <section key={group}>
              <h3 className="mb-1">{groupLabel(group)}</h3>
              <dl className="gap-8 sm:columns-2 lg:columns-3">
                {list.map((m) => {
                  const v = data.metrics[m.id];
                  return row(
                    m.id,
                    <MetricName id={m.id} />,
                    v == null ? <span className="text-xs text-soft">{nullReason(data.metric_reasons[m.id])}</span> : button(m.id, metricValue(m.unit, v)),
                  );
                })}
              </dl>
            </section>
          ))}
        </div>
      )}
    </Card>
  );
}

/** The days as a table, thinned; copies and files have them all. */
function Table({ days, shown, span, traded, name }: { days: readonly Day[]; shown: readonly Definition[]; span: keyof typeof t.ratios.spans; traded: boolean; name: string }) {
  const rows = useMemo(() => thin(days, span).reverse(), [days, span]);
  const price = traded ? t.ratios.close : t.ratios.adjustedClose;
  const title = t.ratios.table(t.ratios.spans[span]);
  return (
    <Card
      title={title}
      actions={
        <TableActions
          name={name}
          table={() => ({
            caption: t.ratios.charts,
            head: [t.ratios.day, t.ratios.close, t.ratios.adjustedClose, t.ratios.currency, ...shown.map((m) => m.label)],
            rows: days.map((d) => [d.date, d.close, d.adjusted_close, d.price_currency, ...shown.map((m) => d.metrics[m.id] ?? null)]),
          })}
        />
      }
    >
      <p className="mb-2 text-sm text-soft print:hidden">{t.ratios.allDays(format.whole(days.length))}</p>
      <TableFrame caption={title} className="max-h-[28rem]!">
        <thead className="sticky top-0 bg-card">
          <tr className="border-b border-line text-right align-bottom">
            <th scope="col" className="sticky left-0 bg-card py-1 pr-3 text-left">
              {t.ratios.day}
            </th>
            <th scope="col" className="py-1 pl-3">
              {price}
            </th>
            {shown.map((m) => (
              <th key={m.id} scope="col" className="py-1 pl-3">
                {m.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((d) => (
            <tr key={d.date} className="border-b border-line/50 text-right">
              <th scope="row" className="sticky left-0 bg-card py-0.5 pr-3 text-left font-normal whitespace-nowrap">
                {format.day(d.date)}
              </th>
              <td className="py-0.5 pl-3">{format.money(priceOf(d, traded), d.price_currency)}</td>
              {shown.map((m) => {
                const v = d.metrics[m.id];
                return (
                  <td key={m.id} className="py-0.5 pl-3" title={v == null ? nullReason(d.metric_reasons[m.id]) : undefined}>
                    {metricValue(m.unit, v)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </TableFrame>
    </Card>
  );
}
