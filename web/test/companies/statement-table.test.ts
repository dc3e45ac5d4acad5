// @vitest-environment happy-dom
import { expect, test } from "vitest";
import type { Schemas } from "../../src/api.ts";
import { figureName, placed, type Statement } from "../../src/companies/statement-rows.ts";
import { buildTable, changesOf, columnsOf, exportStatements, growthOf, yearBefore, type Restatement } from "../../src/companies/statement-table.ts";
import { statementCount, viewOf, viewSearch } from "../../src/companies/statement-view.ts";

const none = Object.fromEntries(Object.keys(placed).map((k) => [k, null]));

const statement = (id: number, end_date: string, figures: Partial<Statement> = {}): Statement =>
  ({ ...none, id, period: "annual", fiscal_year: Number(end_date.slice(0, 4)), fiscal_quarter: null, end_date, publish_date: end_date, currency: "USD", marks: [], ...figures }) as unknown as Statement;

const restatement = (statement_id: number, field: string, known_from: string, figures: Partial<Restatement>): Restatement =>
  ({ id: 1, statement_id, field, known_from, kind: "changed", old: null, new: null, ...figures }) as Restatement;

const years = [
  statement(3, "2023-09-30", { total_revenues: 300, net_income: 10, earnings_per_share: 2 }),
  statement(2, "2022-09-24", { total_revenues: 200, net_income: -5, marks: ["untaxed", "partial_cost"] }),
  statement(1, "2021-09-25", { total_revenues: 100 }),
];

test("growth is from what is above zero", () => {
  expect(growthOf(150, 100)).toBe(0.5);
  expect(growthOf(-50, 100)).toBe(-1.5);
  expect(growthOf(50, -100)).toBeNull();
  expect(growthOf(50, 0)).toBeNull();
  expect(growthOf(null, 100)).toBeNull();
  expect(growthOf(100, undefined)).toBeNull();
});

test("the year before is 52 or 53 weeks ago, in the same currency", () => {
  const columns = columnsOf([...years, statement(9, "2020-09-26", { currency: "EUR" })]);
  const before = (i: number) => columns[i] && yearBefore(columns, columns[i])?.statement.id;
  expect([0, 1, 2].map(before)).toEqual([2, 1, undefined]);
  const gap = columnsOf([statement(5, "2023-12-31"), statement(4, "2023-06-30"), statement(3, "2021-12-31")]);
  expect(gap.map((c) => yearBefore(gap, c))).toEqual([undefined, undefined, undefined]);
});

test("the table has the shown years, and the growth of the oldest from a year that it does not show", () => {
  const view = { ...viewOf({ view: "income" }), years: "5" as const };
  const many = Array.from({ length: 6 }, (_, i) => statement(6 - i, `${2023 - i}-12-31`, { total_revenues: 600 - i * 100 }));
  const table = buildTable(view, columnsOf(many), new Map());
  expect(table.columns.map((c) => c.statement.fiscal_year)).toEqual([2023, 2022, 2021, 2020, 2019]);
  const revenue = table.sections[0]?.rows[0];
  expect(revenue?.field).toBe("total_revenues");
  expect(revenue?.cells.at(-1)).toMatchObject({ value: 200, growth: 1 });
  const oldest = buildTable({ ...view, order: "oldest" }, columnsOf(many), new Map());
  expect(oldest.sections[0]?.rows[0]?.cells.map((c) => c.value)).toEqual([200, 300, 400, 500, 600]);
});

test("shares as filed have no growth, which a split would be", () => {
  const shares = columnsOf([statement(2, "2020-09-26", { shares_outstanding: 400, total_assets: 2 }), statement(1, "2019-09-28", { shares_outstanding: 100, total_assets: 1 })]);
  const growth = (basis: "as_of" | "filed") =>
    Object.fromEntries(buildTable(viewOf({ basis }), shares, new Map()).sections.flatMap((s) => s.rows.map((r) => [r.field, r.cells[0]?.growth])));
  expect(growth("as_of")).toEqual({ total_assets: 1, shares_outstanding: 3 });
  expect(growth("filed")).toEqual({ total_assets: 1, shares_outstanding: null });
});

test("every figure is in one section, as a row or as absent", () => {
  const { sections } = buildTable(viewOf({}), columnsOf(years), new Map());
  const all = sections.flatMap((s) => [...s.rows.map((r) => r.field), ...s.absent]);
  expect(all.toSorted()).toEqual(Object.keys(placed).toSorted());
  expect(sections[0]?.rows.map((r) => r.field)).toContain("net_income");
  expect(sections[0]?.absent).toContain("gross_profit");
});

test("marks are numbered, and stand at the figures that they are about", () => {
  const table = buildTable(viewOf({}), columnsOf(years), new Map());
  expect(table.notes).toEqual(["untaxed", "partial_cost"]);
  // A figure without a value stays where a mark tells why.
  const cost = table.sections[0]?.rows.find((r) => r.field === "cost_of_revenue");
  expect(cost?.cells.map((c) => c.marks)).toEqual([[], ["partial_cost"], []]);
});

test("a change keeps what was reported first; splits and first values are none", () => {
  const changes = changesOf([
    restatement(3, "total_revenues", "2024-05-01", { id: 7, old: 280, new: 300 }),
    restatement(3, "total_revenues", "2024-02-01", { id: 6, old: 250, new: 280 }),
    restatement(3, "earnings_per_share", "2024-02-01", { kind: "split", old: 4, new: 2 }),
    restatement(3, "goodwill", "2024-02-01", { kind: "added", new: 2 }),
  ]);
  expect([...changes.keys()]).toEqual(["3.total_revenues"]);
  expect(changes.get("3.total_revenues")).toMatchObject({ first: 250, all: [{ id: 6 }, { id: 7 }] });
  const cell = buildTable(viewOf({}), columnsOf(years), changes).sections[0]?.rows[0]?.cells[0];
  expect(cell?.change?.first).toBe(250);
});

test("twelve months have flows, and the balance sheet of their end", () => {
  const quarter = statement(8, "2023-12-30", { period: "quarterly", fiscal_quarter: 1, total_revenues: 90, total_assets: 1000, depreciation: 5, earnings_per_share: 1 });
  const ttm = { marks: [], total_revenues: 330, net_income: null } as unknown as Schemas["TrailingTwelveMonths"];
  const metrics = [{ statement_id: 8, ttm }] as unknown as Schemas["ValueMetrics"][];
  const columns = columnsOf([quarter, statement(7, "2023-09-30")], metrics);
  expect(columns.map((c) => c.statement.id)).toEqual([8]);
  const rows = buildTable(viewOf({ period: "ttm" }), columns, new Map()).sections.flatMap((s) => s.rows.map((r) => [r.field, r.cells[0]?.value]));
  expect(rows).toEqual([
    ["total_revenues", 330],
    ["total_assets", 1000],
  ]);
});

test("the export has exact numbers, with growth where it is shown", () => {
  const table = buildTable(viewOf({ growth: "yes", view: "income" }), columnsOf(years), new Map());
  const out = exportStatements(table, "Apple Inc.");
  expect(out.head).toEqual(["Figure", "FY 2023", "YoY", "FY 2022", "YoY", "FY 2021", "YoY"]);
  expect(out.rows.find(([name]) => name === "Revenue")).toEqual(["Revenue", 300, 0.5, 200, 1, 100, null]);
  for (const row of out.rows) expect(row).toHaveLength(out.head.length);
});

test("an address has valid choices alone", () => {
  expect(viewSearch({ period: "ttm", years: "7", unit: 3, growth: "yes" })).toMatchObject({ period: "ttm", years: undefined, unit: undefined, growth: "yes" });
  expect(viewOf({})).toMatchObject({ period: "annual", years: "10" });
  expect(statementCount(viewOf({}))).toBe(11);
  expect(statementCount(viewOf({ period: "ttm" }))).toBe(24);
});

test("paths of figures have names", () => {
  expect(figureName("ttm.ebit")).toBe("EBIT, twelve months");
  expect(figureName("-1.total_assets")).toBe("Total assets, a year before");
  expect(figureName("net_income(2019)")).toBe("Net income, fiscal year 2019");
  expect(figureName("-2.roic", () => "ROIC")).toBe("ROIC, 2 years before");
  expect(figureName("toString")).toBe("toString");
});
