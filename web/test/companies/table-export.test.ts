import { expect, test } from "vitest";
import { csv, fileName, html, tsv, type ExportTable } from "../../src/companies/table-export.ts";

const table: ExportTable = {
  caption: "Figures <of> A & B",
  head: ["Figure", "2025", "2024"],
  rows: [
    ["Selling, general", 416161000000, -14264000000],
    ['The "other"', 7.49, null],
    ["=1+1", 0, 1e-7],
  ],
};

test("CSV is RFC 4180 with a byte order mark, exact numbers, and no formulas", () => {
  expect(csv(table)).toBe('\uFEFFFigure,2025,2024\r\n"Selling, general",416161000000,-14264000000\r\n"The ""other""",7.49,\r\n\'=1+1,0,0.0000001\r\n');
});

test("TSV keeps a row on a line", () => {
  expect(tsv({ ...table, rows: [["a\tb\nc", 1, null]] })).toBe("Figure\t2025\t2024\na b c\t1\t");
});

test("HTML is escaped and has row heads", () => {
  const out = html(table);
  expect(out).toContain("<caption>Figures &lt;of&gt; A &amp; B</caption>");
  expect(out).toContain("<tr><th>Selling, general</th><td>416161000000</td><td>-14264000000</td></tr>");
});

test("a file's name has no separators of paths", () => {
  expect(fileName("BRK/B", "annual", "2026-01-30")).toBe("BRK-B-annual-2026-01-30");
});
