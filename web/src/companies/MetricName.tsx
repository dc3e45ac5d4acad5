import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useEffect, useId, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { Schemas } from "../api.ts";
import { cx } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { namesOf, spoken, termsOf, tokens, type Name } from "./formula.ts";
import { groupLabel, scopeLabel, termLabel, unitLabel } from "./metrics.ts";
import { metricsQuery } from "./queries.ts";
import { figureName } from "./statement-rows.ts";

const qualifiers = ({ text, ttm, ago, orZero }: Name): string =>
  [ttm && t.metrics.twelveMonths, text.endsWith("(0)") && t.metrics.newest, ago > 0 && t.metrics.yearsAgo(ago), orZero && t.metrics.orZero].filter(Boolean).join(", ");

/** A formula as people read it: names as words, what they are of in small print. `value` may stand for a name. */
export function Formula({ formula, names, value, link = false }: { formula: string; names: ReadonlySet<string>; value?: (name: Name) => ReactNode; link?: boolean }) {
  const { data } = useQuery(metricsQuery);
  return (
    <span className="text-ink">
      {tokens(formula, names).map((token, i) => {
        if (typeof token === "string") return <Fragment key={i}>{token}</Fragment>;
        const put = value?.(token);
        if (put !== undefined) return <Fragment key={i}>{put}</Fragment>;
        const of = qualifiers(token);
        const metric = data?.items.find((d) => d.id === token.id);
        const name = metric?.label ?? figureName(token.id, spoken);
        return (
          <span key={i}>
            {link && metric ? <a href={`#${metric.id}`} className="underline">{name}</a> : name}
            {of && <small className="ms-0.5 text-[0.75em] text-soft">{`(${of})`}</small>}
          </span>
        );
      })}
    </span>
  );
}

/** The words of a definition: formula, terms, unit, what is better, source and caveat. */
export function Definition({ metric, all, link = false }: { metric: Schemas["MetricDefinition"]; all: Schemas["MetricDefinitions"]; link?: boolean }) {
  const names = useMemo(() => namesOf(all), [all]);
  const terms = termsOf(metric, all.terms, names);
  return (
    <span className="block space-y-1.5">
      <span className="block rounded bg-sunk px-2 py-1.5">
        <Formula formula={metric.formula} names={names} link={link} />
      </span>
      {terms.length > 0 && (
        <span className="block space-y-0.5 border-s-2 border-line ps-2 text-[0.92em]">
          {terms.map((term) => (
            <span key={term.id} className="block">
              <b className="font-medium">{termLabel(term.id)}</b>
              {": "}
              <Formula formula={term.formula} names={names} link={link} />
            </span>
          ))}
        </span>
      )}
      <span className="block text-soft">
        {[unitLabel(metric.unit), scopeLabel(metric.scope), t.metrics.better[metric.better]].filter(Boolean).join(" · ")}
      </span>
      {metric.caveat && (
        <span className="block">
          <span className="text-soft">{t.metrics.caveat}</span> {metric.caveat}
        </span>
      )}
      <span className="block text-soft">
        {t.metrics.source} {metric.source}
      </span>
    </span>
  );
}

/** Puts a box that is shown over the page below what it belongs to, or above where there is no room. */
function place(box: HTMLElement, anchor: HTMLElement) {
  const at = anchor.getBoundingClientRect();
  const { innerWidth: width, innerHeight: height } = window;
  const below = height - at.bottom;
  const up = below < box.offsetHeight + 8 && at.top > below;
  box.style.left = `${Math.max(8, Math.min(at.left, width - box.offsetWidth - 8))}px`;
  box.style.top = `${up ? Math.max(8, at.top - box.offsetHeight - 4) : at.bottom + 4}px`;
  box.style.maxHeight = `${Math.max(120, up ? at.top - 12 : below - 12)}px`;
}

/**
 * A metric's name, with its definition one hover, focus or tap away. What is no metric is a name alone.
 *
 * @example
 * <MetricName id="return_on_invested_capital" />
 */
export function MetricName({ id, children, className }: { id: string; children?: ReactNode; className?: string }) {
  const { data } = useQuery(metricsQuery);
  const metric = data?.items.find((d) => d.id === id);
  // A tap or Enter keeps it open until the next, a hover or the focus while they are there.
  const [open, setOpen] = useState<"no" | "shown" | "kept">("no");
  const root = useRef<HTMLSpanElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLSpanElement>(null);
  const timer = useRef(0);
  const boxID = useId();
  const shown = open !== "no";

  useEffect(() => () => window.clearTimeout(timer.current), []);
  useLayoutEffect(() => {
    const element = box.current;
    const anchor = trigger.current;
    if (!shown || !element || !anchor) return;
    element.showPopover();
    const move = () => place(element, anchor);
    const close = (e: KeyboardEvent | PointerEvent) => {
      if (e instanceof KeyboardEvent ? e.key !== "Escape" : root.current?.contains(e.target as Node)) return;
      if (e instanceof KeyboardEvent) {
        e.stopPropagation();
        if (element.contains(document.activeElement)) anchor.focus();
      }
      setOpen("no");
    };
    move();
    window.addEventListener("scroll", move, true);
    window.addEventListener("resize", move);
    document.addEventListener("keydown", close, true);
    document.addEventListener("pointerdown", close);
    return () => {
      window.removeEventListener("scroll", move, true);
      window.removeEventListener("resize", move);
      document.removeEventListener("keydown", close, true);
      document.removeEventListener("pointerdown", close);
    };
  }, [shown]);

  const name = children ?? metric?.label ?? figureName(id, spoken);
  if (!metric || !data) return <span className={className}>{name}</span>;
  const later = (next: "no" | "shown", wait: number) => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setOpen((now) => (now === "kept" ? now : next)), wait);
  };
  return (
    <span
      ref={root}
      onPointerEnter={(e) => e.pointerType === "mouse" && later("shown", 350)}
      onPointerLeave={(e) => e.pointerType === "mouse" && later("no", 200)}
      onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && later("no", 0)}
    >
      <button
        ref={trigger}
        type="button"
        aria-expanded={shown}
        aria-controls={shown ? boxID : undefined}
        onFocus={(e) => e.currentTarget.matches(":focus-visible") && later("shown", 200)}
        onClick={() => {
          window.clearTimeout(timer.current);
          setOpen((now) => (now === "kept" ? "no" : "kept"));
        }}
        className={cx("cursor-help text-start underline decoration-line decoration-dotted decoration-2 underline-offset-4 hover:decoration-accent print:no-underline", className)}
      >
        {name}
      </button>
      {shown && (
        <span
          ref={box}
          id={boxID}
          popover="manual"
          role="group"
          aria-label={metric.label}
          className="fixed inset-auto m-0 w-[min(25rem,calc(100vw-1rem))] overflow-y-auto rounded-md border border-line bg-card p-3 text-start text-sm font-normal whitespace-normal text-ink normal-case shadow-lg print:hidden"
        >
          <span className="mb-1.5 flex items-baseline justify-between gap-3">
            <b className="font-semibold">{metric.label}</b>
            <span className="text-xs text-soft">{groupLabel(metric.group)}</span>
          </span>
          <Definition metric={metric} all={data} />
          <Link to="/metrics" hash={metric.id} className="mt-2 inline-block">
            {t.metrics.toDefinition}
          </Link>
        </span>
      )}
    </span>
  );
}
