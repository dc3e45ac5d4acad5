import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Who } from "../admin/Who.tsx";
import { ago, instant, whole } from "../format.ts";
import { Field, Form, Submit, text, useSubmission } from "../ui/form.tsx";
import { Card, Choice, ColumnHead, cx, Empty, Failure, Loading, More, TableFrame, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { named } from "../words/language.ts";
import { JobState, Progress } from "./progress.tsx";
import { useKeyed } from "./request.ts";
import { progressOf, rulesQuery, startSync, syncsQuery, tickersOf, type Sync } from "./syncs.ts";

/** What brings companies and their filings from EDGAR, and how far the rules are. */
export default function Syncs() {
  const words = t.syncs;
  useTitle(words.title);
  const list = useInfiniteQuery(syncsQuery);
  const { data, error, refetch } = list;
  const items = data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <div className="space-y-4">
      <h1>{words.title}</h1>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <>
          <NewSync />
          <Card title={words.before}>
            {!data ? (
              <Loading />
            ) : items.length === 0 ? (
              <Empty>{words.none}</Empty>
            ) : (
              <TableFrame caption={words.list}>
                <thead className="text-left text-soft">
                  <tr className="border-b border-line">
                    <ColumnHead>{t.imports.columns.id}</ColumnHead>
                    <ColumnHead>{t.imports.columns.state}</ColumnHead>
                    <ColumnHead>{words.scope}</ColumnHead>
                    <ColumnHead numbers>{words.updated}</ColumnHead>
                    <ColumnHead numbers>{words.unchanged}</ColumnHead>
                    <ColumnHead numbers>{words.failed}</ColumnHead>
                    <ColumnHead>{t.imports.columns.who}</ColumnHead>
                    <ColumnHead>{t.imports.columns.when}</ColumnHead>
                  </tr>
                </thead>
                <tbody>
                  {items.map((s) => (
                    <Row key={s.id} of={s} />
                  ))}
                </tbody>
              </TableFrame>
            )}
            <More of={list} />
          </Card>
        </>
      )}
      <Rules />
    </div>
  );
}

function Row({ of: s }: { of: Sync }) {
  const words = t.syncs;
  const { done, of } = progressOf(s);
  return (
    <tr className="border-b border-line align-top last:border-0">
      <th scope="row" className="py-1.5 pr-2 text-left font-normal">
        <Link to="/syncs/$id" params={{ id: String(s.id) }} aria-label={words.one(s.id)}>
          {s.id}
        </Link>
      </th>
      <td className="min-w-32 px-2 py-1.5">
        <JobState state={s.state} names={words.states} />
        {s.state === "running" && <Progress label={words.progress} done={done} of={of} />}
        {s.error !== null && <p className="line-clamp-2 max-w-72 text-xs text-bad">{s.error}</p>}
      </td>
      <td className="max-w-80 min-w-32 px-2 py-1.5">
        {named(words.scopes, s.scope)}
        {s.tickers.length > 0 && <span className="line-clamp-2 text-soft">{s.tickers.join(", ")}</span>}
        {s.file_name !== null && <span className="text-soft wrap-anywhere"> {s.file_name}</span>}
      </td>
      <td className="px-2 py-1.5 text-right">{whole(s.updated)}</td>
      <td className="px-2 py-1.5 text-right">{whole(s.unchanged)}</td>
      <td className={cx("px-2 py-1.5 text-right", s.failed > 0 && "font-medium text-bad")}>{whole(s.failed)}</td>
      <td className="px-2 py-1.5">{s.created_by === null ? words.schedule : <Who id={s.created_by} />}</td>
      <td className="px-2 py-1.5 whitespace-nowrap" title={instant(s.created_at)}>
        {ago(s.created_at)}
      </td>
    </tr>
  );
}

function NewSync() {
  const words = t.syncs;
  const navigate = useNavigate();
  const keyed = useKeyed();
  const [scope, setScope] = useState<"all" | "companies">("all");
  const start = useSubmission(
    (form) => {
      const tickers = scope === "companies" ? tickersOf(text(form, "tickers")) : undefined;
      return keyed(tickers ?? null, (key) => startSync(tickers, key));
    },
    ({ id }) => navigate({ to: "/syncs/$id", params: { id: String(id) } }),
  );
  return (
    <Card title={words.new}>
      <Form submission={start} className="max-w-xl">
        <Choice
          label={words.scope}
          name="scope"
          value={scope}
          onChange={(value) => {
            start.reset();
            setScope(value);
          }}
          options={[
            { value: "all", label: words.scopes.all },
            { value: "companies", label: words.scopes.companies },
          ]}
        />
        {scope === "all" ? (
          <p className="text-sm text-soft">{words.allHint}</p>
        ) : (
          <Field name="tickers" label={words.tickers} hint={words.tickersHint} required autoComplete="off" spellCheck={false} />
        )}
        <Submit>{words.start}</Submit>
      </Form>
    </Card>
  );
}

function Rules() {
  const words = t.syncs;
  const { data, error, refetch } = useQuery(rulesQuery);
  return (
    <Card title={words.rules}>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading rows={1} />
      ) : (
        <div className="space-y-2 text-sm">
          <p>{data.remaining > 0 ? words.recomputing(whole(data.remaining), data.version) : words.recomputed(data.version)}</p>
          {data.remaining > 0 && <Progress label={words.rules} done={data.recomputed} of={data.companies} />}
          <p className="text-soft">{words.ofCompanies(whole(data.recomputed), whole(data.companies))}</p>
          {data.failed > 0 && <p className="text-warn">{words.rulesFailed(whole(data.failed))}</p>}
        </div>
      )}
    </Card>
  );
}
