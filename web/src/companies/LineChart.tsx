import { useEffect, useEffectEvent, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import * as format from "../format.ts";
import { useTheme } from "../theme.ts";
import { ChartFrame, useCursor, type Reading } from "./ChartFrame.tsx";
import { align, lastPoint, placeOf, type Series } from "./series.ts";

/** How lines differ but by colour, in CSS pixels. */
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [14, 4]];
const dash = (i: number): number[] => dashes[(i + Math.floor(i / 6)) % dashes.length] ?? [];

const seconds = (day: string) => Date.parse(`${day}T00:00:00Z`) / 1000;
const dayOf = (at: number) => new Date(at * 1000).toISOString().slice(0, 10);
const year = 360 * 86_400;
const aDay = 86_400;

/**
 * Lines over days, of any length. Days of different series need not be the same; null is a gap.
 *
 * @example
 * <LineChart label="Price" series={[{ name: "Close", points: [{ x: "2024-09-28", y: 227.79 }] }]} format={(y) => number(y)} />
 */
export default function LineChart(props: {
  label: string;
  series: readonly Series[];
  format: (y: number) => string;
  /** As `format`, shorter: for the axis. */
  axis?: (y: number) => string;
  /** What a day is called, unless by its date: such as the period that ends on it. */
  period?: (x: string) => string;
  height?: number;
  /** The scale is of powers of ten; values that are not above 0 are gaps. */
  logarithmic?: boolean;
  /** The day of the cursor, for charts that share it. */
  at?: string | null;
  onAt?: (day: string | null) => void;
}) {
  const { series, height = 240, logarithmic = false, period = format.day } = props;
  const plot = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLUListElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [day, setDay] = useCursor(props.at, props.onAt);

  const { days, values } = useMemo(() => align(series), [series]);
  const data = useMemo<uPlot.AlignedData>(
    () => [days.map(seconds), ...values.map((row) => (logarithmic ? row.map((y) => (y != null && y <= 0 ? null : y)) : row))],
    [days, values, logarithmic],
  );
  const at = placeOf(days, day);
  const any = days.length > 0;

  const moved = useEffectEvent((i: number | null | undefined) => setDay(i == null ? null : (days[i] ?? null)));
  const label = useEffectEvent((y: number) => (props.axis ?? props.format)(y));

  const count = series.length;
  useEffect(() => {
    const root = plot.current;
    if (!root || !any) return;
    const colourOf = (i: number) => {
      const swatch = legend.current?.children[i]?.firstElementChild;
      return swatch ? getComputedStyle(swatch).color : "gray";
    };
    const text = () => getComputedStyle(root).color;
    const line = () => getComputedStyle(root).borderTopColor;
    const font = `12px ${getComputedStyle(root).fontFamily}`;
    const u = new uPlot(
      {
        width: root.clientWidth || 300,
        height,
        padding: [8, 12, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 8, fill: (_, i) => colourOf(i - 1) } },
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
        // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- uPlot's types have a const enum, its code has no such object
        scales: { y: logarithmic ? { distr: 3 } : {} },
        series: [
          {},
          ...Array.from({ length: count }, (_, i) => ({ stroke: () => colourOf(i), width: 1.75, dash: dash(i), points: { size: 5, fill: () => colourOf(i) } })),
        ],
        axes: [
          {
            stroke: text,
            font,
            grid: { show: false },
            ticks: { stroke: line, size: 4 },
            size: 28,
            space: 64,
            values: (_, splits, _axis, _space, step) =>
              splits.map((x) => (step >= year ? dayOf(x).slice(0, 4) : step >= 27 * aDay ? format.month(dayOf(x)) : format.day(dayOf(x)))),
          },
          {
            stroke: text,
            font,
            grid: { stroke: line, width: 1 },
            ticks: { show: false },
            gap: 6,
            size: (u, labels: string[] | null) => {
              u.ctx.save();
              u.ctx.font = font;
              const width = Math.max(0, ...(labels ?? []).map((l) => u.ctx.measureText(l).width));
              u.ctx.restore();
              // Charts below each other line up.
              return Math.max(58, 10 + Math.ceil(width));
            },
            values: (_, splits) => splits.map((y: number | null) => (y === null ? "" : label(y))),
          },
        ],
        hooks: { setCursor: [(u) => moved((u.cursor.left ?? -1) < 0 ? null : u.cursor.idx)] },
      },
      undefined,
      root,
    );
    chart.current = u;

    // A finger moves the cursor along; up and down it scrolls the page.
    const touched = (e: PointerEvent) => {
      if (e.pointerType === "touch") u.setCursor({ left: e.clientX - u.over.getBoundingClientRect().left, top: 0 });
    };
    const resized = new ResizeObserver(() => {
      if (root.clientWidth > 0 && root.clientWidth !== u.width) u.setSize({ width: root.clientWidth, height });
    });
    const recolour = () => u.redraw(false);
    const beforePrint = () => {
      root.parentElement?.style.setProperty("color-scheme", "light");
      u.setSize({ width: Math.min(u.width, 680), height });
    };
    const afterPrint = () => {
      root.parentElement?.style.removeProperty("color-scheme");
      u.setSize({ width: root.clientWidth, height });
    };
    const dark = matchMedia("(prefers-color-scheme: dark)");
    root.addEventListener("pointerdown", touched);
    root.addEventListener("pointermove", touched);
    resized.observe(root);
    dark.addEventListener("change", recolour);
    addEventListener("beforeprint", beforePrint);
    addEventListener("afterprint", afterPrint);
    return () => {
      root.removeEventListener("pointerdown", touched);
      root.removeEventListener("pointermove", touched);
      resized.disconnect();
      dark.removeEventListener("change", recolour);
      removeEventListener("beforeprint", beforePrint);
      removeEventListener("afterprint", afterPrint);
      chart.current = null;
      u.destroy();
    };
  }, [any, count, height, logarithmic]);

  useEffect(() => chart.current?.setData(data), [data, any, count, height, logarithmic]);

  const theme = useTheme();
  useEffect(() => chart.current?.redraw(false), [theme, props.format, props.axis]);

  useEffect(() => {
    const u = chart.current;
    if (!u) return;
    const x = at === undefined ? undefined : data[0][at];
    // The position is known after the frame in which the data are drawn.
    const frame = requestAnimationFrame(() => u.setCursor(x === undefined ? { left: -10, top: -10 } : { left: u.valToPos(x, "x"), top: 0 }, false));
    return () => cancelAnimationFrame(frame);
  }, [at, data, any, count, height, logarithmic]);

  const shown = at ?? days.length - 1;
  const reading: Reading = {
    when: days[shown] === undefined ? format.none : period(days[shown]),
    values: series.map((s, i) => {
      const row = values[i] ?? [];
      const k = lastPoint(row, shown);
      const y = k === undefined ? null : row[k];
      return { name: s.name, value: y == null ? format.none : props.format(y), ...(k !== undefined && k !== shown && { when: period(days[k] ?? "") }) };
    }),
  };
  return (
    <ChartFrame
      label={props.label}
      length={days.length}
      at={at}
      onAt={(i) => setDay(i === null ? null : (days[i] ?? null))}
      reading={reading}
      swatch={(i) => <line x1="0" x2="22" y1="5" y2="5" stroke="currentColor" strokeWidth="2" strokeDasharray={dash(i).join(" ")} />}
      height={height}
      plot={plot}
      legend={legend}
    />
  );
}
