import { useQuery } from "@tanstack/react-query";
import { useMemo, type ReactNode } from "react";
import type { Schemas } from "../api.ts";
import { day as calendarDay, fixed, money, none, number } from "../format.ts";
import { cx } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { namesOf } from "./formula.ts";
import { Formula, MetricName } from "./MetricName.tsx";
import { metricValue, nullReason, termLabel } from "./metrics.ts";
import { proofOf, useProof } from "./proof.ts";
import { isOfYears, ofDay, ofStatements, partsOf, scoresOf, seriesOf, withTerms, zoneOf, type Lookup, type Part } from "./scores.ts";
import { proofQuery, type Subject } from "./statement-queries.ts";

type Definition = Schemas["MetricDefinition"];
type Definitions = Schemas["MetricDefinitions"];

/** An input as it stands in a formula: amounts in millions. */
const input = (v: number | null | undefined): string =>
  v == null ? none : Math.abs(v) >= 1e6 ? `${number(v / 1e6, 0)}\u00a0M` : number(v, Math.abs(v) < 10 ? 3 : 2);

const looks = {
  yes: { sign: "✓", look: "text-good" },
  no: { sign: "✗", look: "text-bad" },
  unknown: { sign: "?", look: "text-soft" },
} as const;

function PartRow({ part, names, lookup, explanation }: { part: Part; names: ReadonlySet<string>; lookup: Lookup; explanation?: Schemas["Explanation"] | null | undefined }) {
  const state = part.holds === true ? "yes" : part.holds === false ? "no" : "unknown";
  const isSignal = part.holds !== undefined;
  let values: ReactNode;
  if (isOfYears(part.formula)) {
    const ids = [...new Set(part.formula.match(/[a-z_]{3,}/g)?.filter((id) => names.has(id)))];
    const series = ids.flatMap((id) => seriesOf(id, explanation));
    values = series.map((v) => `${input(v.value)} (${v.end.slice(0, 4)})`).join(", ");
  } else {
    const value = (name: Parameters<Lookup>[0]) => {
      const v = lookup(name);
      return v === undefined || (v === null && name.orZero) ? undefined : v !== null && v < 0 ? `(${input(v)})` : input(v);
    };
    values = <Formula formula={part.formula} names={names} value={value} />;
  }
  return (
    <li className="grid grid-cols-[1.4rem_minmax(0,1fr)_auto] gap-x-1.5 py-1.5 text-sm">
      <span aria-hidden className={cx("font-bold", isSignal && looks[state].look)}>
        {isSignal ? looks[state].sign : "·"}
      </span>
      <div className="min-w-0">
        <span className="font-medium">{termLabel(part.id)}</span>
        <span className="hidden text-xs text-soft sm:block">
          <Formula formula={part.formula} names={names} />
        </span>
        <span className="block text-xs tabular-nums">{values}</span>
      </div>
      <span className={cx("text-end text-sm tabular-nums", isSignal && looks[state].look)}>{isSignal ? t.metrics.holds[state] : fixed(part.value, 3)}</span>
    </li>
  );
}

function Score(props: {
  metric: Definition;
  all: Definitions;
  value: number | null | undefined;
  reason: Schemas["MetricNull"] | undefined;
  of: { signals: Schemas["MetricSignals"]; variables?: Schemas["MetricVariables"] };
  lookup: Lookup;
  explanation?: Schemas["Explanation"] | null | undefined;
  when: string;
  proof: Subject;
}) {
  const { metric, all, value } = props;
  const { open } = useProof();
  const names = useMemo(() => namesOf(all), [all]);
  const lookup = withTerms(props.lookup, all, names);
  const parts = partsOf(metric, all, props.of, props.lookup);
  const signals = parts.filter((p) => p.holds !== undefined);
  const count = (holds: boolean | null) => signals.filter((p) => p.holds === holds).length;
  const zone = zoneOf(metric, value);
  const shown = value == null ? none : signals.length > 0 ? t.metrics.outOf(value, signals.length) : metricValue(metric.unit, value);
  const isGood = zone === "safe" || zone === "clear";
  return (
    <section className="mb-4 break-inside-avoid rounded-lg border border-line bg-card p-4" aria-labelledby={`score-${metric.id}`}>
      <div className="flex items-baseline justify-between gap-3">
        <h3 id={`score-${metric.id}`}>
          <MetricName id={metric.id} />
        </h3>
        <button
          type="button"
          data-proof={proofOf(props.proof)}
          aria-label={t.metrics.proofOf(metric.label, shown, props.when)}
          onClick={() => open(props.proof)}
          className="rounded px-1 text-xl font-semibold whitespace-nowrap tabular-nums hover:bg-tint"
        >
          {shown}
        </button>
      </div>
      <p className="flex flex-wrap justify-between gap-x-3 text-xs text-soft">
        <span>{props.when}</span>
        {zone && <span className={cx("font-medium", isGood ? "text-good" : zone === "grey" ? "text-warn" : "text-bad")}>{t.metrics.zones[zone]}</span>}
        {signals.length > 0 && <span>{t.metrics.tally(count(true), count(false), count(null))}</span>}
      </p>
      {value == null && <p className="mt-1 text-sm text-warn">{nullReason(props.reason, (id) => all.items.find((d) => d.id === id))}</p>}
      {parts.length > 0 && <ul className="mt-2 divide-y divide-line border-t border-line">{parts.map((part) => <PartRow key={part.id} part={part} names={names} lookup={lookup} explanation={props.explanation} />)}</ul>}
      {signals.length === 0 && (
        <p className="mt-1 border-t border-line pt-2 text-xs tabular-nums">
          <Formula
            formula={metric.formula}
            names={names}
            value={(name) => {
              const part = parts.find((p) => p.id === name.id);
              const v = part ? part.value : lookup(name);
              const shown = part ? fixed(v, 3) : input(v);
              return v == null ? undefined : v < 0 ? `(${shown})` : shown;
            }}
          />
        </p>
      )}
      {metric.caveat && <p className="mt-2 text-xs text-soft">{`${t.metrics.caveat} ${metric.caveat}.`}</p>}
    </section>
  );
}

/** A score of a trading day: its inputs are in its explanation. */
function DayScore({ metric, all, day, ticker, asOf }: { metric: Definition; all: Definitions; day: Schemas["DailyRatios"]; ticker: string; asOf: string | undefined }) {
  const { data } = useQuery(proofQuery({ ticker, date: day.date, field: metric.id }, asOf));
  return (
    <Score
      metric={metric}
      all={all}
      value={day.metrics[metric.id]}
      reason={day.metric_reasons[metric.id]}
      of={day}
      lookup={ofDay(day, data?.explanation)}
      explanation={data?.explanation}
      proof={{ ticker, date: day.date, field: metric.id }}
      when={t.metrics.ofDay(calendarDay(day.date), money(day.close, day.price_currency))}
    />
  );
}

/** The scores of a statement and of the newest trading day, each with its signals or variables and what they are made of. */
export function Scores(props: {
  all: Definitions;
  of: Schemas["ValueMetrics"];
  when: string;
  statements: readonly Schemas["FinancialStatement"][];
  metrics: readonly Schemas["ValueMetrics"][];
  /** Null where there are no prices, undefined while that is not known. */
  day: Schemas["DailyRatios"] | null | undefined;
  ticker: string;
  asOf: string | undefined;
}) {
  const { all, of, day } = props;
  const lookup = ofStatements(of.end_date, props.statements, props.metrics);
  return (
    <>
      <div className="gap-4 lg:columns-2">
        {scoresOf(all, day ? [of, day] : [of]).map((metric) =>
          metric.scope === "day" ? (
            day && <DayScore key={metric.id} metric={metric} all={all} day={day} ticker={props.ticker} asOf={props.asOf} />
          ) : (
            <Score key={metric.id} metric={metric} all={all} value={of.metrics[metric.id]} reason={of.reasons[metric.id]} of={of} lookup={lookup} when={props.when} proof={{ statement: of.statement_id, field: metric.id }} />
          ),
        )}
      </div>
      <p className="text-xs text-soft">
        {t.metrics.amounts} {day === null && t.metrics.noPrices}
      </p>
    </>
  );
}

