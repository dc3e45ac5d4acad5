import { useSearch } from "@tanstack/react-router";

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
