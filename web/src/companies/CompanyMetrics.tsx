import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { Schemas } from "../api.ts";
import { useAsOf } from "../asof.ts";
import { month, none } from "../format.ts";
import { Choice, cx, Empty, Failure, Loading, TableFrame } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { MetricName } from "./MetricName.tsx";
import { byGroup, groupLabel, metricValue, nullReason } from "./metrics.ts";
import { proofOf, useProof } from "./proof.ts";
import { Proof } from "./Proof.tsx";
import { metricsQuery, newestDayQuery, statementsQuery, valueMetricsQuery } from "./queries.ts";
import { Scores } from "./Scores.tsx";
import type { Subject } from "./statement-queries.ts";
import { fileName, type ExportTable } from "./table-export.ts";
import { TableActions } from "./TableActions.tsx";

type ValueMetrics = Schemas["ValueMetrics"];
type Definition = Schemas["MetricDefinition"];

/** What a period is called: a fiscal year, or a quarter of it. */
const periodLabel = (v: ValueMetrics): string => t.metrics.quarter(v.fiscal_year, v.fiscal_quarter);

function Cell({ metric, of, all, prove }: { metric: Definition; of: ValueMetrics; all: readonly Definition[]; prove: (s: Subject) => void }) {
  const value = of.metrics[metric.id];
  if (value === undefined) return <td />;
  const reason = of.reasons[metric.id];
  const shown = metricValue(metric.unit, value);
  const subject: Subject = { statement: of.statement_id, field: metric.id };
  const why = value === null ? nullReason(reason, (id) => all.find((d) => d.id === id)) : undefined;
  return (
    <td className="p-0 text-end">
      <button
        type="button"
        title={why}
        data-proof={proofOf(subject)}
        aria-label={why === undefined ? t.metrics.proofOf(metric.label, shown, periodLabel(of)) : t.metrics.nullOf(metric.label, why, periodLabel(of))}
        onClick={() => prove(subject)}
        className={cx("w-full px-2 py-1 text-end whitespace-nowrap hover:bg-tint", value === null && "text-soft")}
      >
        {value === null ? none : shown}
      </button>
    </td>
  );
}

/** A company's metrics: its scores, and all metrics of up to 20 periods. */
export default function CompanyMetrics() {
  const { ticker } = useParams({ from: "/companies/$ticker/metrics" });
  const { period = "annual", basis = "as_of", group = "", at } = useSearch({ from: "/companies/$ticker/metrics" });
  const navigate = useNavigate({ from: "/companies/$ticker/metrics" });
  const asOf = useAsOf();
  const definitions = useQuery(metricsQuery);
  const metrics = useQuery(valueMetricsQuery(ticker, period, basis, asOf));
  const statements = useQuery(statementsQuery(ticker, period, basis, asOf));
  const proof = useProof();
  const day = useQuery(newestDayQuery(ticker, asOf));

  const set = (search: { period?: "quarterly" | undefined; basis?: "filed" | undefined; group?: string | undefined; at?: string | undefined }) =>
    void navigate({ search: (s) => ({ ...s, ...search }), resetScroll: false });
  const all = definitions.data;
  const items = metrics.data?.items ?? [];
  const shown = items.find((v) => v.end_date === at) ?? items[0];
  const error = definitions.error ?? metrics.error;
  const used = all?.items.filter((d) => d.scope === "statement" || (d.scope === "annual" && period === "annual")) ?? [];
  const groups = byGroup(used);
  const listed = groups.filter(([id]) => group === "" || id === group);
  const table = (): ExportTable => ({
    caption: t.metrics.caption(ticker, period === "annual" ? t.metrics.annual : t.metrics.quarterly, asOf),
    head: [t.metrics.metric, t.metrics.unit, ...items.map((v) => v.end_date)],
    rows: listed.flatMap(([, list]) => list.map((d) => [d.id, d.unit, ...items.map((v) => v.metrics[d.id] ?? null)])),
  });
  const currencies = [...new Set(items.map((v) => v.currency))].join(", ");

  return (
    <div className="space-y-6">
      <div className="flex flex-wrap items-center gap-3">
        <Choice
          label={t.metrics.period}
          name="period"
          value={period}
          options={[
            { value: "annual", label: t.metrics.annual },
            { value: "quarterly", label: t.metrics.quarterly },
          ]}
          onChange={(v) => set({ period: v === "quarterly" ? v : undefined, at: undefined })}
        />
        <Choice
          label={t.metrics.basis}
          name="basis"
          value={basis}
          options={(["as_of", "filed"] as const).map((value) => ({ value, label: (asOf === undefined ? t.metrics.bases : t.metrics.basesPast)[value] }))}
          onChange={(v) => set({ basis: v === "filed" ? v : undefined })}
        />
      </div>
      {error ? (
        <Failure error={error} retry={() => void (definitions.error ? definitions.refetch() : metrics.refetch())} />
      ) : !all || !metrics.data ? (
        <Loading rows={14} />
      ) : !shown ? (
        <Empty>{t.metrics.none}</Empty>
      ) : (
        <>
          <section aria-labelledby="scores">
            <div className="mb-3 flex flex-wrap items-baseline justify-between gap-3">
              <h2 id="scores">{t.metrics.scores}</h2>
              <label className="text-sm text-soft print:hidden">
                {t.metrics.scoreAt}{" "}
                <select value={shown.end_date} onChange={(e) => set({ at: e.target.value === items[0]?.end_date ? undefined : e.target.value })} className="rounded-md border border-line bg-card px-2 py-1 text-ink">
                  {items.map((v) => (
                    <option key={v.statement_id} value={v.end_date}>
                      {periodLabel(v)}
                    </option>
                  ))}
                </select>
              </label>
            </div>
            <Scores
              all={all}
              of={shown}
              when={`${periodLabel(shown)}, ${month(shown.end_date)}`}
              statements={statements.data?.items ?? []}
              metrics={items}
              day={day.data}
              ticker={ticker}
              asOf={asOf}
            />
          </section>
          <section aria-labelledby="by-period" className="rounded-lg border border-line bg-card px-4 pt-4 pb-2 print:border-0 print:p-0">
            <div className="mb-3 flex flex-wrap items-center justify-between gap-3">
              <h2 id="by-period">{t.metrics.byPeriod}</h2>
              <div className="flex flex-wrap items-center gap-3">
              <label className="text-sm text-soft print:hidden">
                {t.metrics.group}{" "}
                <select value={group} onChange={(e) => set({ group: e.target.value || undefined })} className="rounded-md border border-line bg-card px-2 py-1 text-ink">
                  <option value="">{t.metrics.allGroups}</option>
                  {groups.map(([id]) => (
                    <option key={id} value={id}>
                      {groupLabel(id)}
                    </option>
                  ))}
                </select>
              </label>
              <TableActions table={table} name={fileName(ticker, "metrics", period, ...(asOf === undefined ? [] : [asOf]))} />
              </div>
            </div>
            <TableFrame caption={t.metrics.table(period === "annual" ? t.metrics.annual : t.metrics.quarterly, currencies)}>
              <thead>
                <tr className="text-soft">
                  <th scope="col" className="sticky top-0 left-0 z-20 min-w-36 bg-card py-1.5 pe-3 text-start font-normal">
                    <span className="text-xs">{t.metrics.table(period === "annual" ? t.metrics.annual : t.metrics.quarterly, currencies)}</span>
                  </th>
                  {items.map((v) => (
                    <th key={v.statement_id} scope="col" className="sticky top-0 z-10 bg-card px-2 py-1.5 text-end font-semibold whitespace-nowrap text-ink">
                      {periodLabel(v)}
                      <span className="block text-xs font-normal text-soft">{month(v.end_date)}</span>
                    </th>
                  ))}
                </tr>
              </thead>
              {listed.map(([id, list]) => (
                  <tbody key={id}>
                    <tr>
                      <th scope="rowgroup" colSpan={items.length + 1} className="border-b border-line pt-4 pb-1 text-start">
                        <span className="sticky left-0">{groupLabel(id)}</span>
                      </th>
                    </tr>
                    {list.map((metric) => (
                      <tr key={metric.id} className="border-b border-line hover:bg-sunk">
                        <th scope="row" className="sticky left-0 z-10 max-w-60 min-w-36 bg-card py-1 sm:min-w-60 pe-3 text-start font-normal">
                          <MetricName id={metric.id} />
                        </th>
                        {items.map((v) => (
                          <Cell key={v.statement_id} metric={metric} of={v} all={all.items} prove={proof.open} />
                        ))}
                      </tr>
                    ))}
                  </tbody>
              ))}
            </TableFrame>
          </section>
        </>
      )}
      <Proof of={proof.subject} basis={basis} onClose={proof.close} />
    </div>
  );
}
