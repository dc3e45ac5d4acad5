// @vitest-environment happy-dom
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NoAnswer } from "../src/api.ts";
import { watch } from "../src/shell/away.ts";
import { isTyping, reader, type Shortcut } from "../src/shell/keys.ts";

describe("keys", () => {
  const shortcut = (keys: string): Shortcut => ({ keys, what: keys, run: () => undefined });
  const all = ["/", "g h", "g c", "c"].map(shortcut);

  it("finds one key and two in turn", () => {
    const read = reader();
    expect(read("/", all)?.keys).toBe("/");
    expect(read("g", all)).toBeUndefined();
    expect(read("h", all)?.keys).toBe("g h");
    expect(read("h", all)).toBeUndefined();
    expect(read("c", all)?.keys).toBe("c");
  });

  it("forgets the first of two", () => {
    let now = 0;
    const read = reader(() => now);
    read("g", all);
    now = 1500;
    expect(read("c", all)?.keys).toBe("c");
    read("g", all);
    expect(read("/", all)?.keys).toBe("/");
    expect(read("h", all)).toBeUndefined();
  });

  it("knows where one types", () => {
    const made = (html: string) => {
      const div = document.createElement("div");
      div.innerHTML = html;
      return div.firstElementChild;
    };
    for (const html of ["<input>", "<input type=search>", "<textarea></textarea>", "<select></select>", "<span role=spinbutton></span>"]) expect(isTyping(made(html)), html).toBe(true);
    for (const html of ["<button></button>", "<input type=radio>", "<a href=x></a>"]) expect(isTyping(made(html)), html).toBe(false);
  });
});

describe("a server that is away", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is asked until it is back, and then for all that lacks", async () => {
    const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    let up = false;
    const asked = { a: 0, b: 0 };
    const observe = (key: "a" | "b") =>
      new QueryObserver(client, {
        queryKey: [key],
        queryFn: () => {
          asked[key]++;
          if (!up) throw new NoAnswer();
          return key;
        },
      }).subscribe(() => undefined);
    const told: boolean[] = [];
    const stop = watch(client, (away) => told.push(away));
    const ends = [observe("a"), observe("b")];
    await vi.advanceTimersByTimeAsync(100);
    expect(told).toEqual([true]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked).toEqual({ a: 2, b: 2 });
    up = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(told).toEqual([true, false]);
    expect(client.getQueryData(["a"])).toBe("a");
    expect(client.getQueryData(["b"])).toBe("b");
    const before = { ...asked };
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked).toEqual(before);
    stop();
    for (const end of ends) end();
  });
});
