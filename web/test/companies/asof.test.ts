import { describe, expect, it } from "vitest";
import { firstDay, isDay, isPast, newestPast, yearsAway } from "../../src/asof.ts";

describe("days in addresses", () => {
  it.each([
    ["2015-09-26", true],
    ["2015-02-29", false],
    ["2016-02-29", true],
    ["26.9.2015", false],
    ["", false],
    [20150926, false],
  ])("%s", (text, is) => expect(isDay(text)).toBe(is));

  it.each([
    [undefined, -1, "2025-11-26"],
    ["2016-02-29", -1, "2015-02-28"],
    ["2015-02-28", 1, "2016-02-28"],
    ["2025-11-26", 1, undefined],
    ["2025-11-25", 1, "2026-11-25"],
    ["1993-06-30", -1, firstDay],
  ])("%s and %i years", (from, years, to) => expect(yearsAway(from, years, new Date("2026-11-26T23:30:00Z"))).toBe(to));

  it("knows yesterday", () => expect(newestPast(new Date("2026-03-01T00:00:00Z"))).toBe("2026-02-28"));

  it("tells the past from today", () => {
    const now = new Date("2026-11-26T23:30:00Z");
    expect(isPast("2026-11-25", now)).toBe(true);
    expect(isPast("2026-11-26", now)).toBe(false);
    expect(isPast("2027-01-01", now)).toBe(false);
  });
});
