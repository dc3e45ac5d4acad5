import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Who } from "../admin/Who.tsx";
import { isProblem, once, unwrap } from "../api.ts";
import { bytes, day, duration, instant, none, whole } from "../format.ts";
import { NotFound } from "../shell/errors.tsx";
import { Confirm, useSubmission } from "../ui/form.tsx";
import { Button, Card, Failure, Loading, Notice, TableFrame, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { named } from "../words/language.ts";
import { hasEnded } from "./imports.ts";
import { Count, Facts, JobState, Progress } from "./progress.tsx";
import { useKeyed } from "./request.ts";
import { again, progressOf, startSync, syncQuery, type Sync as Synced } from "./syncs.ts";

/** A sync: how far it is, and what failed and why. */
export default function Sync() {
  const words = t.syncs;
  const id = Number(useParams({ from: "/syncs/$id" }).id);
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(syncQuery(id));
  const cancel = useSubmission(
    () => unwrap(once.POST("/syncs/{id}/cancel", { params: { path: { id } } })),
    () => client.invalidateQueries({ queryKey: ["syncs"] }),
  );
  useTitle(words.one(id));
  if (isProblem(error, "not-found", "invalid")) return <NotFound />;
  return (
    <div className="space-y-4">
      <div>
        <Link to="/syncs" className="text-sm">
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
              {!hasEnded(data.state) && <Running of={data} />}
              {data.error !== null && (
                <Notice tone="bad">
                  <p className="font-medium">{t.imports.error}</p>
                  <p>{data.error}</p>
                </Notice>
              )}
              {data.warnings.map((w) => (
                <Notice key={w} tone="warn">
                  {w}
                </Notice>
              ))}
              <dl className="grid grid-cols-2 gap-3 sm:grid-cols-4">
                <Count name={words.total} value={data.total} />
                <Count name={words.updated} value={data.updated} hint={words.updatedHint} />
                <Count name={words.unchanged} value={data.unchanged} hint={words.unchangedHint} />
                <Count name={words.failed} value={data.failed} />
              </dl>
            </div>
          </Card>
          {data.failures.length > 0 && <Failures of={data} />}
          <Details of={data} />
        </>
      )}
    </div>
  );
}

function Running({ of: s }: { of: Synced }) {
  const words = t.syncs;
  const { done, of } = progressOf(s);
  const inFile = s.size !== null && s.size === of;
  const download = s.stage.endsWith("_download");
  const said = (n: number) => (inFile && download ? bytes(n) : whole(n));
  return (
    <div className="space-y-1">
      <p>{s.state === "queued" ? t.imports.waits : named(words.stages, s.stage)}</p>
      <Progress label={words.progress} done={done} of={of} />
      {of !== null && <p className="text-sm text-soft">{words.doneOf(said(done), said(of))}</p>}
    </div>
  );
}

function Failures({ of: s }: { of: Synced }) {
  const words = t.syncs;
  const navigate = useNavigate();
  const keyed = useKeyed();
  const retry = useMutation({
    mutationFn: (tickers: string[]) => keyed(tickers, (key) => startSync(tickers, key)),
    onSuccess: ({ id }) => navigate({ to: "/syncs/$id", params: { id: String(id) } }),
  });
  const all = s.failures.map(again).filter((name) => name !== undefined);
  return (
    <Card
      title={words.failures}
      actions={
        all.length > 0 && (
          <Button disabled={retry.isPending} onClick={() => retry.mutate(all)}>
            {words.retryAll}
          </Button>
        )
      }
    >
      {retry.error && <Failure error={retry.error} />}
      {s.failed > s.failures.length && <p className="mb-2 text-sm text-soft">{words.firstFailures(whole(s.failures.length), whole(s.failed))}</p>}
      <TableFrame caption={words.failures}>
        <thead className="text-left text-soft">
          <tr className="border-b border-line">
            <th scope="col" className="py-1.5 pr-2 font-medium">
              {words.company}
            </th>
            <th scope="col" className="px-2 py-1.5 font-medium">
              {words.why}
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {s.failures.map((f) => {
            const name = again(f);
            return (
              <tr key={f.name} className="border-b border-line align-top last:border-0">
                <th scope="row" className="py-1.5 pr-2 text-left font-normal whitespace-nowrap">
                  <Link to="/companies" search={{ q: f.cik === null ? f.name : String(f.cik) }}>
                    {f.name}
                  </Link>
                </th>
                <td className="px-2 py-1.5 wrap-anywhere">{f.message}</td>
                <td className="py-1.5 text-right">
                  {name !== undefined && (
                    <Button kind="quiet" aria-label={words.retryOne(f.name)} disabled={retry.isPending} onClick={() => retry.mutate([name])}>
                      {t.state.retry}
                    </Button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </TableFrame>
    </Card>
  );
}

function Details({ of: s }: { of: Synced }) {
  const words = t.syncs;
  const took = s.started_at !== null && s.finished_at !== null ? (Date.parse(s.finished_at) - Date.parse(s.started_at)) / 1000 : 0;
  const facts: [string, ReactNode][] = [[words.scope, named(words.scopes, s.scope)]];
  if (s.tickers.length > 0) facts.push([words.tickers, s.tickers.join(", ")]);
  if (s.file_name !== null) facts.push([t.imports.file, s.file_name]);
  facts.push(
    [words.source, s.source === null ? none : named(words.sources, s.source)],
    [words.through, day(s.through_day)],
    [t.imports.columns.who, s.created_by === null ? words.schedule : <Who key="who" id={s.created_by} />],
    [t.imports.created, instant(s.created_at)],
    [t.imports.started, instant(s.started_at)],
    [t.imports.finished, instant(s.finished_at)],
  );
  if (took > 0) facts.push([t.imports.took, duration(took)]);
  return (
    <Card title={t.imports.details}>
      <Facts facts={facts} />
    </Card>
  );
}
