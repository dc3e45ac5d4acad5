/**
 * Returns the beginning of a day (`YYYY-MM-DD`) on this machine, to show it or to count days. `new Date("2015-09-26")` is
 * midnight in UTC instead, and so the day before west of Greenwich.
 *
 * @throws RangeError if there is no such day
 */
export function localDate(day: string): Date {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day)?.map(Number) ?? [];
  const found = new Date(year ?? NaN, (month ?? NaN) - 1, date);
  if (year !== undefined && year < 100) found.setFullYear(year);
  if (found.getMonth() + 1 !== month || found.getDate() !== date) throw new RangeError(`${day} is not a day (YYYY-MM-DD)`);
  return found;
}
