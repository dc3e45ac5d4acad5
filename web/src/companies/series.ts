/** A value on a day, `YYYY-MM-DD`; null where there is none, which is a gap. */
export interface Point {
  x: string;
  y: number | null;
}

/** What one line, or the bars of one colour, show. */
export interface Series {
  name: string;
  points: readonly Point[];
}

/** Series on all of their days. A value is undefined where its series has no point. */
export interface Aligned {
  days: string[];
  values: (number | null | undefined)[][];
}

/** Puts series on one axis: the days of all, the oldest first. Of two points on a day the later one counts. */
export function align(series: readonly Series[]): Aligned {
  const days = [...new Set(series.flatMap((s) => s.points.map((p) => p.x)))].sort();
  const at = new Map(days.map((day, i) => [day, i]));
  const values = series.map((s) => {
    const row = new Array<number | null | undefined>(days.length).fill(undefined);
    for (const p of s.points) row[at.get(p.x) ?? 0] = p.y;
    return row;
  });
  return { days, values };
}

/** The place of what a row tells at `i`: of its last point until then, as fiscal years of companies end on different days. */
export function lastPoint(row: readonly (number | null | undefined)[], i: number): number | undefined {
  for (let k = i; k >= 0; k--) if (row[k] !== undefined) return k;
  return undefined;
}

/** The place of the last day that is not after another; undefined without one. */
export function placeOf(days: readonly string[], day: string | null): number | undefined {
  if (day === null) return undefined;
  let low = 0;
  let high = days.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((days[middle] ?? "") <= day) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : low - 1;
}

/** Where a key moves a cursor among `length` places: null is nowhere, undefined not a key of the cursor. */
export function move(key: string, at: number | undefined, length: number): number | null | undefined {
  const last = length - 1;
  const page = Math.max(1, Math.round(length / 10));
  const clamp = (i: number) => Math.min(last, Math.max(0, i));
  if (length === 0) return undefined;
  switch (key) {
    case "ArrowLeft":
      return at === undefined ? last : clamp(at - 1);
    case "ArrowRight":
      return at === undefined ? 0 : clamp(at + 1);
    case "PageUp":
      return at === undefined ? last : clamp(at - page);
    case "PageDown":
      return at === undefined ? 0 : clamp(at + page);
    case "Home":
      return 0;
    case "End":
      return last;
    case "Escape":
      return at === undefined ? undefined : null;
    default:
      return undefined;
  }
}

/** Round values for an axis from the least to the greatest, both within, about as many as `count`. 0 is always among them. */
export function ticks(least: number, greatest: number, count: number): number[] {
  const low = Math.min(0, least);
  const high = Math.max(0, greatest);
  if (high === low) return [0];
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((m) => m * power >= rough) ?? 10) * power;
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
