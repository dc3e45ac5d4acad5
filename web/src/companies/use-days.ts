import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import type { Schemas } from "../api.ts";
import { daysQuery, type Days } from "./chart-queries.ts";
import { firstDay } from "./days.ts";

type Day = Schemas["DailyRatios"];

/** All of a listing's days in a range. They come page by page: `coming` tells whether more will, `old` that they are of another choice. */
export function useDays(of: Days, asOf: string | undefined): { days: Day[] | undefined; coming: boolean; old: boolean; error: Error | null; retry: () => void } {
  const { data, error, isPlaceholderData, hasNextPage, isFetching, fetchNextPage, refetch } = useInfiniteQuery(daysQuery(of, asOf));
  useEffect(() => {
    if (hasNextPage && !isFetching && !error) void fetchNextPage();
  }, [hasNextPage, isFetching, error, fetchNextPage]);
  const days = useMemo(() => {
    if (!data) return undefined;
    const all = data.pages.flatMap((p) => p.items);
    const last = all.at(-1);
    if (!last || data.pages[0]?.items.length !== 0) return all;
    const first = firstDay(of.range, last.date) ?? "";
    return all.filter((d) => d.date >= first);
  }, [data, of.range]);
  // Which days are the last is known when all are there.
  const late = hasNextPage && data?.pages[0]?.items.length === 0;
  return {
    days: late ? undefined : days,
    coming: hasNextPage || isFetching,
    old: isPlaceholderData,
    error,
    retry: () => void (data && hasNextPage ? fetchNextPage() : refetch()),
  };
}
