import { useNavigate, useSearch } from "@tanstack/react-router";

/** A day in addresses, `YYYY-MM-DD`. */
export function isDay(text: unknown): text is string {
  if (typeof text !== "string" || !/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

/** Today where the browser is, `YYYY-MM-DD`. */
export function today(now = new Date()): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** A day before today, as the server counts days: in UTC. Another is today, or cannot be. */
export const isPast = (text: unknown, now = new Date()): text is string => isDay(text) && text < now.toISOString().slice(0, 10);

/** The day of the page, of which all of its figures are; undefined for today. It is `as_of` in every address. */
export function useAsOf(): string | undefined {
  return useSearch({ strict: false, select: (s: { as_of?: string }) => s.as_of });
}

/** Chooses the day of the page, and stays on it. Undefined, and what is not past, is today. */
export function useSetAsOf(): (asOf: string | undefined) => void {
  const navigate = useNavigate();
  return (asOf) =>
    void navigate({
      to: ".",
      search: (old) => ({ ...old, as_of: isPast(asOf) ? asOf : "" }), // an empty one is left out; without one, the old one is retained
      hash: true,
      resetScroll: false,
    });
}

/** The newest day that is past, in UTC. */
export const newestPast = (now = new Date()): string => new Date(now.getTime() - 86_400_000).toISOString().slice(0, 10);

/** The first day that can be chosen: EDGAR takes filings since. */
export const firstDay = "1993-01-01";

/** A day some years away, from today without one; undefined when that is not past. 29 February is the 28th where there is none. */
export function yearsAway(asOf: string | undefined, years: number, now = new Date()): string | undefined {
  const from = asOf ?? now.toISOString().slice(0, 10);
  const year = Number(from.slice(0, 4)) + years;
  const rest = from.slice(4);
  const at = `${year}${isDay(`${year}${rest}`) ? rest : "-02-28"}`;
  return at < firstDay ? firstDay : isPast(at, now) ? at : undefined;
}
