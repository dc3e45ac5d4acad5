import { describe, expect, it } from "vitest";
import { align, lastPoint, move, placeOf, ticks } from "../../src/companies/series.ts";

describe("series on one axis", () => {
  const a = { name: "a", points: [{ x: "2024-09-28", y: 3 }, { x: "2022-09-24", y: 1 }, { x: "2023-09-30", y: null }] };
  const b = { name: "b", points: [{ x: "2023-06-30", y: 2 }] };

  it("have the days of all, in order; a gap is null, a day of others alone undefined", () => {
    expect(align([a, b])).toEqual({
      days: ["2022-09-24", "2023-06-30", "2023-09-30", "2024-09-28"],
      values: [
        [1, undefined, null, 3],
        [undefined, 2, undefined, undefined],
      ],
    });
    expect(align([])).toEqual({ days: [], values: [] });
  });

  it("tell their last point until a day, be it a gap", () => {
    const row = [1, undefined, null, 3];
    expect([0, 1, 2, 3].map((i) => lastPoint(row, i))).toEqual([0, 0, 2, 3]);
    expect(lastPoint([undefined, 2], 0)).toBeUndefined();
  });
});

it.each([
  ["2024-01-01", 0],
  ["2024-01-02", 0],
  ["2024-01-03", 1],
  ["2025-01-01", 2],
  ["2023-12-31", undefined],
  [null, undefined],
])("the place of %s is %s", (day, place) => expect(placeOf(["2024-01-01", "2024-01-03", "2024-01-05"], day)).toBe(place));

it.each([
  ["ArrowLeft", undefined, 99],
  ["ArrowRight", undefined, 0],
  ["ArrowLeft", 0, 0],
  ["ArrowRight", 98, 99],
  ["ArrowRight", 99, 99],
  ["PageUp", 50, 40],
  ["PageDown", 95, 99],
  ["Home", 50, 0],
  ["End", undefined, 99],
  ["Escape", 50, null],
  ["Escape", undefined, undefined],
  ["a", 50, undefined],
])("%s at %s moves to %s of 100", (key, at, to) => expect(move(key, at, 100)).toBe(to));

it("a cursor has nowhere to go without places", () => expect(move("Home", undefined, 0)).toBeUndefined());

it.each([
  [0, 416e9, 4, [0, 2e11, 4e11, 6e11]],
  [-3, 7, 5, [-4, -2, 0, 2, 4, 6, 8]],
  [0.09, 1.02, 4, [0, 0.5, 1, 1.5]],
  [-8, -3, 2, [-10, -5, 0]],
  [0, 0, 4, [0]],
])("ticks from %s to %s", (least, greatest, count, want) => expect(ticks(least, greatest, count)).toEqual(want));
