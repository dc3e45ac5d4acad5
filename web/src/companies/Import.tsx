import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Who } from "../admin/Who.tsx";
import { isProblem, once, unwrap } from "../api.ts";
import { bytes, day, duration, instant, none, whole } from "../format.ts";
import { NotFound } from "../shell/errors.tsx";
import { Confirm, useSubmission } from "../ui/form.tsx";
import { Card, Failure, Loading, Notice, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { named } from "../words/language.ts";
import { Count, Facts, JobState, Progress } from "./progress.tsx";
import { hasEnded, importQuery, type Import as Imported } from "./imports.ts";

/** An import: how far it is, and what was read, and what was not and why. */
export default function Import() {
  const id = Number(useParams({ from: "/imports/$id" }).id);
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(importQuery(id));
  const cancel = useSubmission(
    () => unwrap(once.POST("/imports/{id}/cancel", { params: { path: { id } } })),
    () => client.invalidateQueries({ queryKey: ["imports"] }),
  );
  useTitle(t.imports.one(id));
  if (isProblem(error, "not-found", "invalid")) return <NotFound />;
  const words = t.imports;
  return (
    <div className="space-y-4">
      <div>
        <Link to="/imports" className="text-sm">
          {words.all}
        </Link>
        <h1>{words.one(id)}</h1>
      </div>
      {error ? <Failure error={error} retry={() => void refetch()} /> : !data && <Loading />}
      {data && (
        <>
          <Card
            title={<JobState state={data.state} names={words.states} />}
            actions={
              !hasEnded(data.state) && (
                <Confirm button={words.cancel} title={words.cancelTitle} submission={cancel}>
                  <p>{words.cancelHint}</p>
                </Confirm>
              )
            }
          >
            <div className="space-y-3">
              {data.state === "queued" && <p className="text-soft">{words.waits}</p>}
              {data.state === "running" && (
                <>
                  <Progress label={words.progress} done={data.done} of={data.total} />
                  <p className="text-sm text-soft">{words.read(bytes(data.done), data.total === null ? none : bytes(data.total))}</p>
                </>
              )}
              {data.error !== null && (
                <Notice tone="bad">
                  <p className="font-medium">{words.error}</p>
                  <p>{data.error}</p>
                </Notice>
              )}
              {data.warning !== null && (
                <Notice tone="warn">
                  <p className="font-medium">{words.warning}</p>
                  <p>{data.warning}</p>
                </Notice>
              )}
              {data.state === "unchanged" && <Notice>{words.unchangedNote}</Notice>}
              {data.state === "cancelled" && <Notice>{words.cancelledNote}</Notice>}
              <dl className="grid grid-cols-1 gap-3 sm:grid-cols-3">
                <Count name={words.written} value={data.written} />
                <Count name={words.unchanged} value={data.unchanged} hint={words.unchangedHint} />
                <Count name={words.skipped} value={data.skipped} hint={data.skipped > 0 ? words.skippedHint : undefined} />
              </dl>
            </div>
          </Card>
          {data.report !== null && <Report report={data.report} />}
          <Details data={data} />
        </>
      )}
    </div>
  );
}

function Details({ data }: { data: Imported }) {
  const words = t.imports;
  const took = data.started_at !== null && data.finished_at !== null ? (Date.parse(data.finished_at) - Date.parse(data.started_at)) / 1000 : null;
  const facts: [string, ReactNode][] = [
    [words.kind, named(words.kinds, data.kind)],
    [words.file, data.file_name ?? words.noFile],
  ];
  if (data.ticker !== null)
    facts.push([
      words.ticker,
      <Link key="ticker" to="/companies/$ticker" params={{ ticker: data.ticker }}>
        {data.ticker}
      </Link>,
    ]);
  if (data.exchange !== null) facts.push([words.exchange, data.exchange]);
  if (data.other_cik !== null) facts.push([words.otherCik, named(words.otherCiks, data.other_cik)]);
  if (data.kind === "prices") facts.push([words.adjusted, data.adjusted === null ? words.adjustments.none : named(words.adjustments, data.adjusted)]);
  if (data.adjusted_as_of !== null) facts.push([words.adjustedAsOf, day(data.adjusted_as_of)]);
  facts.push(
    [words.columns.who, data.created_by === null ? words.program : <Who key="who" id={data.created_by} />],
    [words.created, instant(data.created_at)],
    [words.started, instant(data.started_at)],
    [words.finished, instant(data.finished_at)],
  );
  if (took !== null && took > 0) facts.push([words.took, duration(took)]);
  return (
    <Card title={words.details}>
      <Facts facts={facts} />
    </Card>
  );
}

type ReportOf = NonNullable<Imported["report"]>;

/** What was made of company facts. A new count of the contract must be given words here. */
function Report({ report }: { report: ReportOf }) {
  const words = t.imports;
  const left = words.leftOut satisfies Record<keyof ReportOf["skipped"], string>;
  const filings = words.filingsRead satisfies Record<keyof ReportOf["filings"], string>;
  return (
    <Card title={words.report}>
      <div className="space-y-4">
        {report.why_nothing !== null && (
          <Notice tone="warn">
            {words.whyNothing} {named(words.why, report.why_nothing)}
          </Notice>
        )}
        <dl className="grid grid-cols-1 gap-3 sm:grid-cols-2">
          <Count name={words.statements} value={report.statements} />
          <Count name={words.facts} value={report.facts} hint={words.factsHint} />
        </dl>
        <div className="grid gap-6 md:grid-cols-2">
          <Counts caption={words.left} names={left} counts={report.skipped} />
          <Counts caption={words.filings} names={filings} counts={report.filings} />
        </div>
      </div>
    </Card>
  );
}

function Counts<K extends string>({ caption, names, counts }: { caption: string; names: Record<K, string>; counts: Record<K, number> }) {
  return (
    <table className="w-full self-start text-sm">
      <caption className="pb-1 text-left font-medium">{caption}</caption>
      <thead className="sr-only">
        <tr>
          <th scope="col">{t.imports.reason}</th>
          <th scope="col">{t.imports.count}</th>
        </tr>
      </thead>
      <tbody>
        {(Object.keys(names) as K[]).map((k) => (
          <tr key={k} className="border-t border-line">
            <th scope="row" className="py-1 pr-4 text-left font-normal text-soft">
              {names[k]}
            </th>
            <td className="py-1 text-right align-top">{whole(counts[k])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
