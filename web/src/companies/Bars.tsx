import { useId, useMemo, useRef } from "react";
import * as format from "../format.ts";
import { ChartFrame, colour, useCursor, useWidth } from "./ChartFrame.tsx";
import { align, ticks, type Series } from "./series.ts";

/** How bars differ but by colour: full, hatched, outlined. */
const fills = (id: string, i: number) => ["currentColor", `url(#${id}-${i})`, "transparent"][i % 3];

/**
 * Bars of a few figures, side by side for each period. Null is a gap.
 *
 * @example
 * <Bars label="Revenue" series={[{ name: "Revenue", points: [{ x: "2024-09-28", y: 391035e6 }] }]} format={(y) => compact(y, "USD")} period={(x) => x.slice(0, 4)} />
 */
export default function Bars(props: {
  label: string;
  series: readonly Series[];
  format: (y: number) => string;
  /** As `format`, shorter: for the axis. */
  axis?: (y: number) => string;
  /** The name of the period that ends on a day. */
  period: (x: string) => string;
  height?: number;
  at?: string | null;
  onAt?: (day: string | null) => void;
}) {
  const { series, height = 240 } = props;
  const id = useId();
  const plot = useRef<HTMLDivElement>(null);
  const { days, values } = useMemo(() => align(series), [series]);
  const [day, setDay] = useCursor(props.at, props.onAt);
  const width = useWidth(plot, days.length > 0);

  const place = day === null ? -1 : days.indexOf(day);
  const at = place < 0 ? undefined : place;
  const onAt = (i: number | null) => setDay(i === null ? null : (days[i] ?? null));
  const shown = at ?? days.length - 1;

  const known = values.flat().filter((v) => v != null);
  const marks = ticks(Math.min(...known), Math.max(...known), height / 55);
  const axis = marks.map((m) => (props.axis ?? props.format)(m));
  const left = 10 + Math.max(...axis.map((a) => a.length)) * 7;
  const [top, bottom, right] = [8, 24, 4];
  const low = marks[0] ?? 0;
  const high = marks.at(-1) ?? 1;
  const y = (v: number) => top + ((high - v) / (high - low || 1)) * (height - top - bottom);
  const column = Math.max(0, width - left - right) / Math.max(1, days.length);
  const bar = (column * 0.76) / Math.max(1, series.length);
  const names = days.map(props.period);
  // Names stand under as many columns as there is room for, from the newest on.
  const every = Math.max(1, Math.ceil((Math.max(...names.map((n) => n.length), 0) * 7 + 28) / Math.max(1, column)));

  const swatch = (i: number) => (
    <>
      <Hatch id={`${id}-key-${i}`} i={i} />
      <rect x="5" y="0.5" width="12" height="9" fill={fills(`${id}-key`, i)} stroke="currentColor" />
    </>
  );
  return (
    <ChartFrame
      label={props.label}
      length={days.length}
      at={at}
      onAt={onAt}
      reading={{
        when: names[shown] ?? format.none,
        values: series.map((s, i) => {
          const v = values[i]?.[shown];
          return { name: s.name, value: v == null ? format.none : props.format(v) };
        }),
      }}
      swatch={swatch}
      height={height}
      plot={plot}
    >
      {width > 0 && (
        <svg
          width={width}
          height={height}
          aria-hidden="true"
          className="block text-xs"
          onPointerMove={(e) => {
            const i = Math.floor((e.clientX - e.currentTarget.getBoundingClientRect().left - left) / column);
            onAt(i < 0 || i >= days.length ? null : i);
          }}
          onPointerLeave={() => onAt(null)}
        >
          {marks.map((m, k) => (
            <g key={m}>
              <line x1={left} x2={width - right} y1={y(m)} y2={y(m)} className={m === 0 ? "stroke-soft" : "stroke-line"} />
              <text x={left - 6} y={y(m)} textAnchor="end" dominantBaseline="central" className="fill-soft">
                {axis[k]}
              </text>
            </g>
          ))}
          {at !== undefined && <rect x={left + at * column} y={top} width={column} height={height - top - bottom} className="fill-soft" opacity="0.18" />}
          {series.map((s, i) => (
            <g key={`${s.name}-${i}`} className={colour(i)}>
              <Hatch id={`${id}-${i}`} i={i} />
              {values[i]?.map(
                (v, k) =>
                  v != null && (
                    <rect
                      key={days[k]}
                      x={left + k * column + column * 0.12 + i * bar}
                      y={y(Math.max(v, 0))}
                      width={Math.max(1, bar - (bar > 6 ? 1.5 : 0))}
                      height={Math.max(0.5, Math.abs(y(v) - y(0)))}
                      fill={fills(id, i)}
                      stroke="currentColor"
                      strokeWidth={i % 3 === 0 ? 0 : 1}
                    />
                  ),
              )}
            </g>
          ))}
          {names.map(
            (name, k) =>
              (days.length - 1 - k) % every === 0 && (
                <text key={days[k]} x={Math.min(left + (k + 0.5) * column, width - right - name.length * 3.5)} y={height - 8} textAnchor="middle" className="fill-soft">
                  {name}
                </text>
              ),
          )}
        </svg>
      )}
    </ChartFrame>
  );
}

function Hatch({ id, i }: { id: string; i: number }) {
  return (
    <pattern id={id} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" className={colour(i)}>
      <line x1="1" x2="1" y1="0" y2="4" stroke="currentColor" strokeWidth="2" />
    </pattern>
  );
}
