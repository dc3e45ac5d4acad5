/** Numbers and days in the browser's locale. What is null shows as a dash. */
const locale = navigator.language;
export const none = "–";

const memo = <K, V>(make: (key: K) => V) => {
  const made = new Map<string, V>();
  return (key: K): V => {
    const at = JSON.stringify(key);
    let v = made.get(at);
    if (v === undefined) made.set(at, (v = make(key)));
    return v;
  };
};
const numbers = memo((o: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, o));
const dates = memo((o: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, o));

type Maybe = number | null | undefined;
const format = (v: Maybe, o: Intl.NumberFormatOptions) => (v == null ? none : numbers(o).format(v));

/** A number with at most so many decimals. */
export const number = (v: Maybe, decimals = 2): string => format(v, { maximumFractionDigits: decimals });

/** A number with just so many decimals, as in columns. */
export const fixed = (v: Maybe, decimals: number): string => format(v, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

/** A fraction as a percentage: 0.44 is 44 %. */
export const percent = (v: Maybe, decimals = 1): string =>
  format(v, { style: "percent", minimumFractionDigits: decimals, maximumFractionDigits: decimals });

/** A growth, with its sign. */
export const growth = (v: Maybe): string =>
  format(v, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });

/** An amount in its whole units, without the currency. */
export const whole = (v: Maybe): string => format(v, { maximumFractionDigits: 0 });

/** An amount in millions, without the currency. */
export const millions = (v: Maybe): string => format(v == null ? v : v / 1e6, { maximumFractionDigits: 0 });

/** An amount in words of the locale, such as $391B. */
export const compact = (v: Maybe, currency?: string): string =>
  format(v, { notation: "compact", maximumSignificantDigits: 4, ...(currency && { style: "currency", currency, currencyDisplay: "narrowSymbol" }) });

/** An amount of money with its currency. */
export const money = (v: Maybe, currency: string, decimals = 2): string =>
  format(v, { style: "currency", currency, currencyDisplay: "narrowSymbol", minimumFractionDigits: Math.min(decimals, 2), maximumFractionDigits: decimals });

/** A day, `YYYY-MM-DD`, as it stands in a calendar everywhere. */
export const day = (v: string | null | undefined): string =>
  v == null ? none : dates({ dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${v}T00:00:00Z`));

/** A month of a day, such as Sep 2015. */
export const month = (v: string): string => dates({ year: "numeric", month: "short", timeZone: "UTC" }).format(new Date(`${v}T00:00:00Z`));

/** A month and day, `MMDD`, such as September 30. */
export const monthAndDay = (v: string): string =>
  dates({ month: "long", day: "numeric", timeZone: "UTC" }).format(new Date(`2000-${v.slice(0, 2)}-${v.slice(2)}T00:00:00Z`));

/** The name of a country, by its code of two letters. */
export function regionName(code: string): string {
  try {
    return new Intl.DisplayNames(locale, { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** An instant, where the browser is. */
export const instant = (v: string | null | undefined): string =>
  v == null ? none : dates({ dateStyle: "medium", timeStyle: "short" }).format(new Date(v));

const steps: [Intl.RelativeTimeFormatUnit, number][] = [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];

/** How long ago an instant was, in the language of the words around it. */
export function ago(v: string, now = Date.now()): string {
  const seconds = (new Date(v).getTime() - now) / 1000;
  const [unit, size] = steps.find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/** A size of a file. */
export function bytes(v: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  const i = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(v, 1)) / 3)));
  return numbers({ style: "unit", unit: units[i] ?? "byte", unitDisplay: "short", maximumFractionDigits: 1 }).format(v / 1000 ** i);
}

/** How long something took. */
export const duration = (seconds: number): string =>
  seconds < 120
    ? format(seconds, { style: "unit", unit: "second", maximumFractionDigits: seconds < 10 ? 1 : 0 })
    : format(seconds / 60, { style: "unit", unit: "minute", maximumFractionDigits: 0 });
