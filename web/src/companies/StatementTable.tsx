import { Fragment, memo, type KeyboardEvent } from "react";
import { day, fixed, growth as growthText, millions, none, number, whole } from "../format.ts";
import { cx, TableFrame } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { Hints } from "./Hints.tsx";
import { proofOf } from "./proof.ts";
import { figureName, type Figure } from "./statement-rows.ts";
import { columnName, isAtEnd, isOfShares, isPerShare, marksOf, markWords, notesOf, type Cell, type Change, type Column, type Row, type Table } from "./statement-table.ts";
import type { View } from "./statement-view.ts";

/** A figure in the unit of the view. */
export const show = (v: number | null | undefined, field: Figure, unit: View["unit"]): string => {
  if (isPerShare(field)) return fixed(v, 2);
  if (unit === "whole") return whole(v);
  // Small amounts in millions would lose their digits.
  return v != null && v !== 0 && Math.abs(v) < 1e7 ? number(v / 1e6, 2) : millions(v);
};

/** The changes of a figure in words, the oldest first. */
export const changeWords = ({ all }: Change, field: Figure, unit: View["unit"]): string[] =>
  all.map((r) => t.statements.was(show(r.old, field, unit), show(r.new, field, unit), day(r.known_from), r.filing.form));

/** Moves the focus by arrow keys: the figures are one stop of the Tab key. */
function move(e: KeyboardEvent<HTMLElement>): void {
  const from = e.target;
  if (!(from instanceof HTMLElement)) return;
  const [r, c] = (from.dataset["at"] ?? "").split(",").map(Number);
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[e.key];
  if (r === undefined || c === undefined || !step || e.altKey || e.ctrlKey || e.metaKey) return;
  const [down = 0, right = 0] = step;
  const to = e.currentTarget.querySelector<HTMLElement>(`[data-at="${r + down},${c + right}"]`);
  if (!to) return;
  e.preventDefault();
  to.focus();
}

/** The figure that had the focus last is the one that Tab comes to. */
function rove(table: HTMLElement, target: EventTarget): void {
  if (!(target instanceof HTMLElement) || target.dataset["at"] === undefined) return;
  for (const other of table.querySelectorAll<HTMLElement>('[data-at][tabindex="0"]')) other.tabIndex = -1;
  target.tabIndex = 0;
}

function Notes({ numbers }: { numbers: number[] }) {
  if (numbers.length === 0) return null;
  const text = numbers.join(", ");
  return (
    <sup className="text-soft">
      <span aria-hidden>{text}</span>
      <span className="sr-only">{t.statements.notesOf(text)}</span>
    </sup>
  );
}

// A shadow, as a border of collapsed ones would scroll away.
const head = "sticky top-0 z-10 bg-card px-2 pb-1 align-bottom font-normal shadow-[inset_0_-1px_0_var(--color-line)]";

function Head({ column, table }: { column: Column; table: Table }) {
  const { statement: s } = column;
  const name = columnName(column);
  const marks = marksOf(column);
  const manual = s.source === "manual";
  return (
    <th scope="col" className={cx(head, "text-right whitespace-nowrap")}>
      <span className="font-semibold" data-hint={marks.length > 0 ? marks.map(markWords).join("\n") : undefined}>
        {s.url === null ? (
          name
        ) : (
          <a href={s.url} target="_blank" rel="noreferrer" aria-label={t.statements.openFiling(name)}>
            {name}
          </a>
        )}
        <Notes numbers={notesOf(table, marks)} />
      </span>
      <span className="block text-[11px] leading-tight text-soft">
        {day(s.end_date)}
        <br />
        {(manual ? t.statements.enteredOn : t.statements.filedOn)(day(s.publish_date))}
        {!column.months && (
          <>
            <br />
            {s.audited ? t.statements.audited : t.statements.unaudited}
          </>
        )}
        {!table.oneCurrency && (
          <>
            <br />
            <b>{s.currency}</b>
          </>
        )}
      </span>
    </th>
  );
}

/** A row's figures as bars, the oldest first. The numbers stand beside them. */
function RowBars({ cells, order }: { cells: Cell[]; order: View["order"] }) {
  const values = (order === "newest" ? cells.toReversed() : cells).map((c) => c.value ?? 0);
  const top = Math.max(0, ...values);
  const range = top - Math.min(0, ...values) || 1;
  const [w, h] = [84, 18];
  const step = w / values.length;
  return (
    <svg width={w} height={h} viewBox={`0 0 ${w} ${h}`} aria-hidden className="inline-block align-middle">
      {values.map((v, i) => (
        <rect
          key={i}
          x={i * step}
          width={Math.max(0.5, step - (step > 3 ? 1 : 0.25))}
          y={((top - Math.max(0, v)) / range) * h}
          height={v === 0 ? 0 : Math.max(0.75, (Math.abs(v) / range) * h)}
          className={v < 0 ? "fill-bad" : "fill-series-1"}
        />
      ))}
    </svg>
  );
}

function Growth({ of }: { of: number | null }) {
  return <td className={cx("px-2 py-1 text-right align-top text-xs whitespace-nowrap", of === null || of === 0 ? "text-soft" : of > 0 ? "text-good" : "text-bad")}>{of === null ? none : growthText(of)}</td>;
}

function FigureCell({ cell, row, column, at, first, table }: { cell: Cell; row: Row; column: Column; at: string; first: boolean; table: Table }) {
  const { value, change } = cell;
  const { unit, basis } = table.view;
  if (value === undefined) return <td />;
  const words = change && changeWords(change, row.field, unit);
  // Figures of other filings are on other share bases.
  const comparable = !isOfShares(row.field) || basis === "filed";
  const struck = change && comparable && change.first !== null;
  const hint = [
    ...(words ? [t.statements.restatedFigure, ...words, ...(comparable ? [] : [t.statements.asFiledThen])] : []),
    ...cell.marks.map(markWords),
  ].join("\n");
  return (
    <td className="px-0.5 text-right align-top whitespace-nowrap">
      <button
        type="button"
        data-proof={proofOf({ statement: column.statement.id, field: column.months && !isAtEnd(row.field) ? `ttm.${row.field}` : row.field })}
        data-at={at}
        data-hint={hint === "" ? undefined : hint}
        tabIndex={first ? 0 : -1}
        className={cx("rounded px-1.5 py-0.5 text-right hover:bg-tint aria-expanded:bg-tint", value === null && "text-soft", value !== null && value < 0 && "text-bad", change && !struck && "underline decoration-warn decoration-dotted underline-offset-2")}
      >
        {show(value, row.field, unit)}
        <Notes numbers={notesOf(table, cell.marks)} />
        {struck && <del className="block text-[11px] leading-none font-normal text-soft">{show(change.first, row.field, unit)}</del>}
        {words && <span className="sr-only">{`${t.statements.restatedFigure}: ${words.join("; ")}`}</span>}
      </button>
    </td>
  );
}

const indent = { total: "", item: "pl-4", part: "pl-8" };

/** The statements as a table, periods as columns. `onProof` opens the proof of a figure. */
export const StatementTable = memo(function StatementTable({ table, caption, onProof }: { table: Table; caption: string; onProof: (statement: number, field: string) => void }) {
  const { columns, view } = table;
  const growth = view.growth === "yes";
  const bars = view.bars === "yes";
  const span = 1 + (bars ? 1 : 0) + columns.length * (growth ? 2 : 1);
  const stuck = "sticky left-0 z-10 bg-card";
  let line = -1;
  return (
    <Hints>
      <div
        onKeyDown={move}
        onFocus={(e) => rove(e.currentTarget, e.target)}
        onClick={(e) => {
          const asked = e.target instanceof Element ? e.target.closest<HTMLElement>("[data-proof]")?.dataset["proof"] : undefined;
          const [, id, field] = /^(\d+)\.(.+)$/.exec(asked ?? "") ?? [];
          if (id !== undefined && field !== undefined) onProof(Number(id), field);
        }}
      >
        <TableFrame caption={caption}>
          <thead>
            <tr>
              <th scope="col" className={cx(stuck, "top-0 z-20 pr-2 text-left shadow-[inset_0_-1px_0_var(--color-line)] align-bottom text-xs font-normal text-soft")}>
                {t.statements.figure}
              </th>
              {bars && (
                <th scope="col" className={cx(head, "hidden text-left text-xs text-soft md:table-cell print:hidden")}>
                  {t.statements.trend}
                </th>
              )}
              {columns.map((c) => (
                <Fragment key={c.statement.id}>
                  <Head column={c} table={table} />
                  {growth && (
                    <th scope="col" className={cx(head, "text-right text-xs text-soft")}>
                      {t.statements.yearOnYear}
                    </th>
                  )}
                </Fragment>
              ))}
            </tr>
          </thead>
          {table.sections.map((s) => (
            <tbody key={s.id}>
              <tr>
                <th scope="rowgroup" colSpan={span} className="border-b border-line pt-4 pb-1 text-left">
                  <span className="sticky left-0 text-base font-semibold">{t.statements.sections[s.id]}</span>
                </th>
              </tr>
              {s.rows.map((row) => {
                line++;
                const r = line;
                const total = row.kind === "total";
                return (
                  <tr key={row.field} className={cx("group hover:bg-sunk", total && "border-t border-line font-semibold")}>
                    <th scope="row" className={cx(stuck, "max-w-32 min-w-32 py-0.5 group-hover:bg-sunk pr-2 text-left align-top hyphens-auto md:max-w-none md:whitespace-nowrap", total ? "font-semibold" : "font-normal", indent[row.kind])}>
                      {row.name}
                    </th>
                    {bars && (
                      <td className="hidden px-2 pt-1 align-top leading-none md:table-cell print:hidden">
                        <RowBars cells={row.cells} order={view.order} />
                      </td>
                    )}
                    {columns.map((c, i) => {
                      const cell = row.cells[i];
                      return (
                        cell && (
                          <Fragment key={c.statement.id}>
                            <FigureCell cell={cell} row={row} column={c} at={`${r},${i}`} first={r === 0 && i === 0} table={table} />
                            {growth && <Growth of={cell.growth} />}
                          </Fragment>
                        )
                      );
                    })}
                  </tr>
                );
              })}
              {s.absent.length > 0 && (
                <tr>
                  <td colSpan={span} className="py-1 text-xs text-soft">
                    <span className="sticky left-0 inline-block max-w-[min(60rem,calc(100vw-4rem))] whitespace-normal">
                      {t.statements.absent} {s.absent.map((f) => figureName(f)).join(", ")}
                    </span>
                  </td>
                </tr>
              )}
            </tbody>
          ))}
        </TableFrame>
      </div>
    </Hints>
  );
});
