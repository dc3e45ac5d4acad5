import { useEffect, useState, type ReactNode, type RefObject } from "react";
import { Empty } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { move } from "./series.ts";

/** The colours of series, by their order. */
const colours = ["text-series-1", "text-series-2", "text-series-3", "text-series-4", "text-series-5", "text-series-6"];

/** The class that has the colour of a series as `color`. */
export const colour = (i: number): string => colours[i % colours.length] ?? "";

/** What a chart says at its cursor, or of its newest day without one. */
export interface Reading {
  when: string;
  /** Of each series; `when` is said where it is another day. */
  values: { name: string; value: string; when?: string }[];
}

/** What is around a chart: its legend with the values at the cursor, the keys that move it, and its voice. */
export function ChartFrame({
  label,
  length,
  at,
  onAt,
  reading,
  swatch,
  height,
  plot,
  legend,
  children,
}: {
  label: string;
  /** How many places the cursor has. */
  length: number;
  /** Where it is. */
  at: number | undefined;
  onAt: (at: number | null) => void;
  reading: Reading;
  /** How a series is drawn, as in the legend. */
  swatch: (i: number) => ReactNode;
  height: number;
  plot: RefObject<HTMLDivElement | null>;
  legend?: RefObject<HTMLUListElement | null>;
  children?: ReactNode;
}) {
  const text = t.charts.reading(
    reading.when,
    reading.values.map((v) => t.charts.value(v.name, v.value, v.when)),
  );
  return (
    <figure className="m-0 min-w-0" aria-label={label}>
      <div className="mb-1 flex flex-wrap items-baseline gap-x-4 gap-y-0.5 text-sm">
        <ul ref={legend} className="contents">
          {reading.values.map((v, i) => (
            <li key={`${v.name}-${i}`} className="inline-flex items-center gap-1.5">
              <svg width="22" height="10" viewBox="0 0 22 10" aria-hidden="true" className={colour(i)}>
                {swatch(i)}
              </svg>
              <span className="text-soft">{v.name}</span>
              <span className="font-medium tabular-nums">{v.value}</span>
              {v.when !== undefined && <span className="text-xs text-soft">{v.when}</span>}
            </li>
          ))}
        </ul>
        {length > 0 && <span className="ms-auto text-xs text-soft tabular-nums">{reading.when}</span>}
      </div>
      {length === 0 ? (
        <Empty>{t.charts.empty}</Empty>
      ) : (
        <>
          <div
            ref={plot}
            role="application"
            aria-roledescription={t.charts.chart}
            aria-label={t.charts.keys(label)}
            tabIndex={0}
            className="relative touch-pan-y overflow-hidden border-line text-soft"
            style={{ height: height }}
            onKeyDown={(e) => {
              if (e.altKey || e.ctrlKey || e.metaKey) return;
              const to = move(e.key, at, length);
              if (to === undefined) return;
              e.preventDefault();
              e.stopPropagation();
              onAt(to);
            }}
          >
            {children}
          </div>
          <p role="status" className="sr-only">
            <Spoken text={at === undefined ? "" : text} />
          </p>
        </>
      )}
    </figure>
  );
}

/** A text that is said when it has stood a moment: a pointer passes many. */
function Spoken({ text }: { text: string }) {
  const [said, say] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => say(text), 150);
    return () => clearTimeout(timer);
  }, [text]);
  return said;
}

/** A day, or the place of a cursor, that the chart keeps itself unless its page does. */
export function useCursor(at: string | null | undefined, onAt: ((day: string | null) => void) | undefined) {
  const own = useState<string | null>(null);
  return at === undefined ? own : ([at, onAt ?? (() => undefined)] as const);
}

/** The width of an element, 0 until it is known. */
export function useWidth(ref: RefObject<HTMLElement | null>, is = true): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!is || !element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref, is]);
  return width;
}

