import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { today, useAsOf } from "../asof.ts";
import { day } from "../format.ts";
import { Button, Card, Choice, cx, Empty, Failure, Loading } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { useProof } from "./proof.ts";
import { Proof } from "./Proof.tsx";
import { companyQuery } from "./queries.ts";
import { restatementsQuery, statementsOf, twelveMonthsOf } from "./statement-queries.ts";
import { buildTable, changesOf, columnsOf, exportStatements, markWords, type Change } from "./statement-table.ts";
import { viewOf, type View, type ViewSearch } from "./statement-view.ts";
import { placed, type Figure } from "./statement-rows.ts";
import { changeWords, StatementTable } from "./StatementTable.tsx";
import { fileName } from "./table-export.ts";
import { TableActions } from "./TableActions.tsx";

const noChanges = new Map<string, Change>();

/** Values with their words, as Choice asks for them. */
const options = <V extends string>(words: Record<V, string>) => (Object.keys(words) as V[]).map((value) => ({ value, label: words[value] }));

const yearOptions = (["5", "10", "20"] as const).map((value) => ({ value, label: t.statements.yearsOf(value) }));

function Toggle({ label, on, set, className }: { label: string; on: boolean; set: (on: boolean) => void; className?: string }) {
  return (
    <label className={cx("inline-flex cursor-pointer items-center gap-1.5 rounded-md border border-line bg-card px-2.5 py-1.5 text-sm has-focus-visible:outline-2 has-focus-visible:outline-accent print:hidden", !on && "text-soft", className)}>
      <input type="checkbox" className="accent-accent" checked={on} onChange={(e) => set(e.target.checked)} />
      {label}
    </label>
  );
}

const wide = matchMedia("(min-width: 48rem)");

function Controls({ view, set }: { view: View; set: (change: ViewSearch) => void }) {
  const w = t.statements;
  // A narrow page shows the figures first.
  const [all, showAll] = useState(wide.matches);
  return (
    <div className="flex flex-wrap gap-2 print:hidden">
      <Choice label={w.period} name="period" value={view.period} options={options(w.periods)} onChange={(period) => set({ period, years: undefined })} />
      <Button className="md:hidden" aria-expanded={all} onClick={() => showAll(!all)}>
        {w.options}
      </Button>
      {all && (
        <>
          <Choice label={w.view} name="view" value={view.view} options={options(w.views)} onChange={(v) => set({ view: v })} />
          <Choice label={w.years} name="years" value={view.years} options={yearOptions} onChange={(years) => set({ years })} />
          <Choice label={w.unit} name="unit" value={view.unit} options={options(w.units)} onChange={(unit) => set({ unit })} />
          <Choice label={w.basis} name="basis" value={view.basis} options={options(w.bases)} onChange={(basis) => set({ basis })} />
          <Choice label={w.order} name="order" value={view.order} options={options(w.orders)} onChange={(order) => set({ order })} />
          <Toggle label={w.growth} on={view.growth === "yes"} set={(on) => set({ growth: on ? "yes" : undefined })} />
          <Toggle className="max-md:hidden" label={w.bars} on={view.bars === "yes"} set={(on) => set({ bars: on ? undefined : "no" })} />
        </>
      )}
    </div>
  );
}

/** A company's statements, periods as columns. */
export default function Statements() {
  const { ticker } = useParams({ from: "/companies/$ticker/" });
  const search = useSearch({ from: "/companies/$ticker/" });
  const asOf = useAsOf();
  const view = useMemo(() => viewOf(search), [search]);
  const company = useQuery(companyQuery(ticker)).data?.name ?? ticker;
  const statements = useQuery(statementsOf(ticker, view, asOf));
  const months = useQuery({ ...twelveMonthsOf(ticker, view, asOf), enabled: view.period === "ttm" });
  const restatements = useQuery(restatementsQuery(ticker, view.period === "annual" ? "annual" : "quarterly", asOf));
  const { subject, open, close } = useProof();

  const navigate = useNavigate({ from: "/companies/$ticker/" });
  const set = (change: ViewSearch) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false });
  const prove = useCallback((statement: number, field: string) => open({ statement, field }), [open]);

  const changes = useMemo(() => (restatements.data ? changesOf(restatements.data) : noChanges), [restatements.data]);
  const isMonths = view.period === "ttm";
  const table = useMemo(() => {
    if (!statements.data || (isMonths && !months.data)) return undefined;
    return buildTable(view, columnsOf(statements.data.items, isMonths ? months.data?.items : undefined), changes);
  }, [view, statements.data, isMonths, months.data, changes]);

  const error = statements.error ?? (isMonths ? months.error : null);
  const w = t.statements;
  const caption = w.caption(company, w.periods[view.period], table?.currency ?? "");
  const adjusted = table?.columns[0]?.statement.adjusted_to;
  const change = subject && "statement" in subject ? changes.get(`${subject.statement}.${subject.field}`) : undefined;
  return (
    <Card
      title={w.title}
      actions={
        table && table.columns.length > 0 && <TableActions table={() => exportStatements(table, company)} name={fileName(ticker, view.period, asOf ?? today())} />
      }
    >
      <Controls view={view} set={set} />
      {error ? (
        <Failure error={error} retry={() => void Promise.all([statements.refetch(), isMonths && months.refetch()])} />
      ) : !table ? (
        <div className="mt-4">
          <Loading rows={12} />
        </div>
      ) : table.columns.length === 0 ? (
        <Empty>{asOf === undefined ? w.empty[view.period] : `${w.empty[view.period]} ${w.emptyPast(day(asOf))}`}</Empty>
      ) : (
        <>
          <p className="mt-3 mb-1 text-xs text-soft">
            {view.unit === "millions" ? w.inMillions(table.currency) : w.inWhole(table.currency)} {!table.oneCurrency && w.severalCurrencies}{" "}
            {view.basis === "filed" ? w.asFiled : adjusted && w.splitsTo(day(adjusted))} {isMonths && w.ttmHint} <span className="print:hidden">
              {w.proofHint} <span className="max-md:hidden">{w.keysHint}</span>
            </span>
          </p>
          <StatementTable table={table} caption={caption} onProof={prove} />
          <div className="mt-3 text-xs text-soft">
            {table.sections.some((s) => s.rows.some((r) => r.cells.some((c) => c.change))) && <p>{w.restatedHint}</p>}
            {table.notes.length > 0 && (
              <>
                <h3 className="mt-2">{w.notes}</h3>
                <ol className="list-decimal pl-5">
                  {table.notes.map((m) => (
                    <li key={m}>{markWords(m)}</li>
                  ))}
                </ol>
              </>
            )}
          </div>
        </>
      )}
      <Proof of={subject} basis={view.basis} onClose={close}>
        {change && subject && subject.field in placed && (
          <div className="rounded-md bg-warn-tint px-3 py-2">
            <p className="font-medium">{w.history}</p>
            <ul>
              {change.all.map((r, i) => (
                <li key={r.id}>
                  <a href={r.filing.url} target="_blank" rel="noreferrer">
                    {changeWords(change, subject.field as Figure, view.unit)[i]}
                  </a>
                </li>
              ))}
            </ul>
          </div>
        )}
      </Proof>
    </Card>
  );
}
