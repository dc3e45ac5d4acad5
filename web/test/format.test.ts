import { describe, expect, it } from "vitest";
import { isDay, isPast } from "../src/asof.ts";

describe("days in addresses", () => {
  it.each([
    ["2015-09-26", true],
    ["2015-02-29", false],
    ["2016-02-29", true],
    ["26.9.2015", false],
    ["", false],
    [20150926, false],
  ])("%s", (text, is) => expect(isDay(text)).toBe(is));

  it("tells the past from today", () => {
    const now = new Date("2026-11-26T23:30:00Z");
    expect(isPast("2026-11-25", now)).toBe(true);
    expect(isPast("2026-11-26", now)).toBe(false);
    expect(isPast("2027-01-01", now)).toBe(false);
  });
});
