import { ranges, type Range } from "./days.ts";
import type { ShareBasis } from "./queries.ts";

/** What a person chooses on the page of ratios, as the address has it. */
export interface RatiosSearch {
  listing?: string | undefined;
  range?: Range | undefined;
  basis?: "filed" | undefined;
  /** Ids of metrics of days, with commas. */
  show?: string | undefined;
  scale?: "log" | undefined;
}

/** The choices of an address that are ones. */
export function validRatiosSearch(s: Record<string, unknown>): RatiosSearch {
  const { listing, range, basis, show, scale } = s;
  return {
    ...(typeof listing === "string" && /^[\w.^=-]{1,32}$/.test(listing) && !/^\.+$/.test(listing) && { listing }),
    ...(ranges.some((r) => r === range) && { range: range as Range }),
    ...(basis === "filed" && { basis }),
    ...(typeof show === "string" && /^[a-z0-9_]+(,[a-z0-9_]+){0,5}$/.test(show) && { show }),
    ...(scale === "log" && { scale }),
  };
}

/** The choices with what holds where none was made. */
export const ratiosSearch = (s: RatiosSearch, ticker: string): { listing: string; range: Range; basis: ShareBasis; show: string[]; scale: "linear" | "log" } => ({
  listing: s.listing ?? ticker,
  range: s.range ?? "5y",
  basis: s.basis ?? "as_of",
  show: [...new Set((s.show ?? "price_to_earnings_ratio_ttm,price_to_book_ratio,ev_to_ebit").split(","))],
  scale: s.scale ?? "linear",
});
