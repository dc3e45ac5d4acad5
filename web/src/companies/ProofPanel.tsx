import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useEffect, useRef, useState, type ReactNode } from "react";
import type { Schemas } from "../api.ts";
import { useAsOf } from "../asof.ts";
import { day, number, percent } from "../format.ts";
import { Failure, Loading } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { periodTo } from "./period.ts";
import { proofOf } from "./proof.ts";
import type { ProofProps } from "./Proof.tsx";
import { metricsQuery } from "./queries.ts";
import { proofQuery, type Subject } from "./statement-queries.ts";
import { figureName } from "./statement-rows.ts";

type Explanation = Schemas["Explanation"];
type Definition = Schemas["MetricDefinition"];

/** Metrics by their ids, and names of whatever stands in a formula. */
function useNames() {
  const { data } = useQuery(metricsQuery);
  const metric = (id: string | undefined): Definition | undefined => data?.items.find((d) => d.id === id);
  const formulas: Record<string, string> = t.proof.formulas;
  return { metric, name: (path: string) => figureName(path, (id) => metric(id)?.label ?? formulas[id]) };
}

/** Words for what the contract may add to: those of today, else the value itself. */
const said = (words: Readonly<Record<string, string>>, id: string): string => words[id] ?? id;

/** A number with all of its decimals; a fraction as a percentage, too. */
const exact = (v: number, of?: Definition): string => (of?.unit === "fraction" ? `${percent(v, 2)} (${number(v, 12)})` : number(v, 12));

function FilingLink({ of, say }: { of: Schemas["Filing"]; say: (form: string, day: string) => string }) {
  return (
    <a href={of.url} target="_blank" rel="noreferrer">
      {say(of.form, day(of.filed))}
    </a>
  );
}

/** A tag, which may break before its words. */
const Tag = ({ name }: { name: string }) => (
  <code className="text-[0.9em] wrap-anywhere">
    {name.split(/(?<=:)|(?=[A-Z][a-z])/).map((part, i) => (
      <Fragment key={i}>
        {i > 0 && <wbr />}
        {part}
      </Fragment>
    ))}
  </code>
);

/** What a node is, and what is to be said of it. */
function useNode(x: Explanation): { label: ReactNode; details: ReactNode } {
  const { metric, name } = useNames();
  const { ops } = t.proof;
  switch (x.op) {
    case "fact":
      return {
        label: <Tag name={x.tag ?? x.op} />,
        details: (
          <>
            {x.end !== undefined && <span>{x.start == null ? t.proof.at(day(x.end)) : t.proof.span(day(x.start), day(x.end))}</span>}
            {x.set_by && <FilingLink of={x.set_by} say={t.proof.filed} />}
            {x.repeated_by && <FilingLink of={x.repeated_by} say={t.proof.repeated} />}
          </>
        ),
      };
    case "subtract":
      return { label: ops.subtract, details: x.rule !== undefined && <span>{said(t.proof.rules, x.rule)}</span> };
    case "round":
      return { label: x.decimals === undefined ? ops.round : ops.roundTo(x.decimals), details: null };
    case "scale":
      return { label: x.factor === undefined ? x.op : ops.scale(number(x.factor, 12)), details: null };
    case "formula": {
      const of = metric(x.metric);
      return {
        label: x.metric === undefined ? ops.formula : name(x.metric),
        details: of && (
          <>
            <code className="wrap-anywhere">{of.formula}</code>
            <Link to="/metrics" hash={of.id}>
              {t.proof.definition}
            </Link>
          </>
        ),
      };
    }
    case "field":
      return { label: x.field === undefined ? ops.field : name(x.field), details: x.statement && <span>{periodTo(x.statement)}</span> };
    case "adjust_for_splits":
      return {
        label: ops.adjust_for_splits,
        details: x.splits?.map((s) => <span key={s.effective_date}>{t.proof.split(s.ratio_fraction, day(s.effective_date))}</span>),
      };
    case "entered":
      return { label: x.field === undefined ? ops.entered : said(t.proof.entered, x.field), details: null };
    case "sum":
      return { label: ops.sum, details: null };
    case "turn":
      return { label: ops.turn, details: null };
    default:
      return { label: x.op, details: null };
  }
}

/** The inputs of a node; below the second step they open when they are asked for. */
function Inputs({ of, depth }: { of: Explanation; depth: number }) {
  const list = (
    <ul className="mt-1 space-y-1.5 border-l-2 border-line pl-3">
      {of.inputs.map((x, i) => (
        <li key={i}>
          <Node x={x} depth={depth + 1} />
        </li>
      ))}
    </ul>
  );
  if (of.inputs.length === 0) return null;
  if (depth < 2 || of.inputs.every((x) => x.op === "fact")) return list;
  return (
    <details className="mt-0.5">
      <summary className="text-xs text-accent">{t.proof.inputs(of.inputs.length)}</summary>
      {list}
    </details>
  );
}

/** A sum of one is that one. */
const plain = (x: Explanation): Explanation => (x.op === "sum" && x.inputs.length === 1 && x.inputs[0] ? plain(x.inputs[0]) : x);

function Node({ x: of, depth }: { x: Explanation; depth: number }) {
  const { metric } = useNames();
  const x = plain(of);
  const { label, details } = useNode(x);
  return (
    <>
      <div className="flex items-baseline justify-between gap-3">
        <span className="min-w-0">{label}</span>
        <span className="shrink-0 text-right tabular-nums">
          {exact(x.value, metric(x.metric ?? x.field))}
          {x.unit !== undefined && <span className="text-soft"> {x.unit}</span>}
        </span>
      </div>
      {details && <div className="flex flex-wrap gap-x-3 text-xs text-soft">{details}</div>}
      <Inputs of={x} depth={depth} />
    </>
  );
}

/** How a value follows from others, down to the facts of the filings: a tree, each of whose steps opens. */
export function Explained({ explanation }: { explanation: Explanation }) {
  return (
    <div className="text-sm">
      <Node x={explanation} depth={0} />
    </div>
  );
}

/** Why a metric is null, in words. */
export function Reason({ of }: { of: Schemas["MetricNull"] }) {
  const { name } = useNames();
  return (
    <>
      <p>{said(t.figures.reasons, of.reason)}</p>
      {of.missing_inputs.length > 0 && (
        <p className="text-soft">
          {t.proof.missing} {of.missing_inputs.map(name).join(", ")}
        </p>
      )}
    </>
  );
}

type Answer = Schemas["ExplainedFigure"] | Schemas["ExplainedRatio"];

function Body({ data, of, children }: { data: Answer; of: Definition | undefined; children?: ReactNode }) {
  const x = data.explanation;
  return (
    <>
      <p className="text-soft">
        {data.ticker}
        {" · "}
        {"statement_id" in data ? periodTo(data) : t.proof.tradingDay(day(data.date))}
        {data.currency !== null && ` · ${data.currency}`}
      </p>
      {x && <p className="text-xl font-semibold tabular-nums">{exact(x.value, of)}</p>}
      {children}
      {x ? (
        <Explained explanation={x} />
      ) : (
        <div>
          <p className="font-medium">{t.proof.noValue}</p>
          {data.reason ? <Reason of={data.reason} /> : <p className="text-soft">{t.proof.notFiled}</p>}
        </div>
      )}
    </>
  );
}

/** The panel that proves a number: at the side of a wide page, a sheet at the foot of a narrow one. */
export default function ProofPanel({ of, basis, onClose, children }: ProofProps & { of: Subject }) {
  const asOf = useAsOf();
  const { metric, name } = useNames();
  const { data, error, refetch } = useQuery(proofQuery("statement" in of ? { ...of, share_basis: basis } : of, asOf));

  const panel = useRef<HTMLElement>(null);
  const [at] = useState(() => proofOf(of));
  useEffect(() => {
    const number = () => document.querySelector<HTMLElement>(`[data-proof="${CSS.escape(at)}"]`);
    panel.current?.focus({ preventScroll: true });
    number()?.setAttribute("aria-expanded", "true");
    return () => {
      number()?.removeAttribute("aria-expanded");
      // The next proof takes the focus itself; after the last it returns to the number.
      requestAnimationFrame(() => {
        const active = document.activeElement;
        if (active === null || active === document.body) number()?.focus({ preventScroll: true });
      });
    };
  }, [at]);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (e.key === "Escape" && !e.defaultPrevented && !document.querySelector("dialog[open]")) onClose();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [onClose]);

  return (
    <section
      ref={panel}
      role="dialog"
      aria-labelledby="proof-title"
      tabIndex={-1}
      className="fixed inset-x-0 bottom-0 z-40 max-h-[75vh] space-y-3 overflow-y-auto rounded-t-xl border border-line bg-card p-4 text-sm shadow-2xl outline-none md:inset-y-0 md:right-0 md:left-auto md:max-h-none md:w-[28rem] md:rounded-none print:hidden"
    >
      <div className="flex items-start justify-between gap-3">
        <h2 id="proof-title">
          <span className="block text-xs font-normal text-soft">{t.proof.title}</span>
          {name(of.field)}
        </h2>
        <button type="button" className="-m-2 p-2 text-lg leading-none text-soft hover:text-ink" aria-label={t.proof.close} onClick={onClose}>
          {"✕"}
        </button>
      </div>
      {error ? <Failure error={error} retry={() => void refetch()} /> : data ? <Body data={data} of={metric(of.field)}>{children}</Body> : <Loading rows={4} />}
      {asOf !== undefined && <p className="text-xs text-soft">{t.proof.knownOn(day(asOf))}</p>}
    </section>
  );
}
