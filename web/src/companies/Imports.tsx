import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { Who } from "../admin/Who.tsx";
import { isProblem } from "../api.ts";
import { ago, bytes, instant, whole } from "../format.ts";
import { Field, Form, Select, Submit, text, useSubmission } from "../ui/form.tsx";
import { Button, Card, cx, Empty, Failure, Loading, TableFrame, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { named } from "../words/language.ts";
import { type Kind, kindOf, type Parameters, parametersOf } from "./import-kinds.ts";
import { startImport } from "./import-request.ts";
import { hasEnded, type Import, importsQuery } from "./imports.ts";
import { JobState, Progress } from "./progress.tsx";
import { useKeyed } from "./request.ts";

const kinds = Object.keys(parametersOf) as Kind[];

/** Files to import, and what became of those that were. */
export default function Imports() {
  const words = t.imports;
  useTitle(words.title);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(importsQuery);
  const items = data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <div className="space-y-4">
      <h1>{words.title}</h1>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <>
          <NewImport />
          <Card title={words.before}>
            {!data ? (
              <Loading />
            ) : items.length === 0 ? (
              <Empty>{words.none}</Empty>
            ) : (
              <TableFrame caption={words.list}>
                <thead className="text-left text-soft">
                  <tr className="border-b border-line">
                    <Head>{words.columns.id}</Head>
                    <Head>{words.columns.state}</Head>
                    <Head>{words.columns.kind}</Head>
                    <Head>{words.columns.file}</Head>
                    <Head>{words.ticker}</Head>
                    <Head numbers>{words.written}</Head>
                    <Head numbers>{words.unchanged}</Head>
                    <Head numbers>{words.skipped}</Head>
                    <Head>{words.columns.who}</Head>
                    <Head>{words.columns.when}</Head>
                  </tr>
                </thead>
                <tbody>
                  {items.map((i) => (
                    <Row key={i.id} of={i} />
                  ))}
                </tbody>
              </TableFrame>
            )}
            {hasNextPage && (
              <Button className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                {t.state.more}
              </Button>
            )}
          </Card>
        </>
      )}
    </div>
  );
}

function Head({ children, numbers }: { children: string; numbers?: boolean }) {
  return (
    <th scope="col" className={cx("px-2 py-1.5 font-medium whitespace-nowrap first:pl-0", numbers && "text-right")}>
      {children}
    </th>
  );
}

function Row({ of: i }: { of: Import }) {
  const words = t.imports;
  return (
    <tr className="border-b border-line align-top last:border-0">
      <th scope="row" className="py-1.5 pr-2 text-left font-normal whitespace-nowrap">
        <Link to="/imports/$id" params={{ id: String(i.id) }} aria-label={words.one(i.id)}>
          {i.id}
        </Link>
      </th>
      <td className="min-w-32 px-2 py-1.5">
        <JobState state={i.state} names={words.states} />
        {i.state === "running" && <Progress label={words.progress} done={i.done} of={i.total} />}
        {i.error !== null && <p className="line-clamp-2 max-w-72 text-xs text-bad">{i.error}</p>}
        {i.warning !== null && <p className="line-clamp-2 max-w-72 text-xs text-warn">{i.warning}</p>}
      </td>
      <td className="px-2 py-1.5">{named(words.kinds, i.kind)}</td>
      <td className="max-w-64 min-w-40 px-2 py-1.5 wrap-anywhere">
        {i.file_name ?? <span className="text-soft">{words.noFile}</span>}
      </td>
      <td className="px-2 py-1.5">
        {i.ticker !== null && (
          <Link to="/companies/$ticker" params={{ ticker: i.ticker }}>
            {i.ticker}
          </Link>
        )}
      </td>
      <td className="px-2 py-1.5 text-right">{hasEnded(i.state) && whole(i.written)}</td>
      <td className="px-2 py-1.5 text-right">{hasEnded(i.state) && whole(i.unchanged)}</td>
      <td className="px-2 py-1.5 text-right">{hasEnded(i.state) && whole(i.skipped)}</td>
      <td className="px-2 py-1.5">{i.created_by === null ? words.program : <Who id={i.created_by} />}</td>
      <td className="px-2 py-1.5 whitespace-nowrap" title={instant(i.created_at)}>
        {ago(i.created_at)}
      </td>
    </tr>
  );
}

/** Takes a file and what is to be known about it, sends it, and leads to its import. */
function NewImport() {
  const words = t.imports;
  const navigate = useNavigate();
  const [file, setFile] = useState<File>();
  const [kind, setKind] = useState<Kind>("companies");
  const [chosen, setChosen] = useState(false);
  const [adjusted, setAdjusted] = useState("");
  const [over, setOver] = useState(false);
  const [sent, setSent] = useState(0);
  const sending = useRef<AbortController>(undefined);
  const keyed = useKeyed();

  const submission = useSubmission(
    (form) => {
      if (!file) return Promise.reject(new NoFile());
      const parameters: Parameters = Object.fromEntries(parametersOf[kind].map((name) => [name, text(form, name)]));
      const { signal } = (sending.current = new AbortController());
      setSent(0);
      return keyed([kind, parameters, file.name, file.size, file.lastModified], (key) => startImport({ kind, file, parameters, key }, setSent, signal));
    },
    ({ id }) => navigate({ to: "/imports/$id", params: { id: String(id) } }),
  );
  const take = (files: FileList | null) => {
    const [first] = files ?? [];
    if (!first || submission.isPending) return;
    submission.reset();
    setFile(first);
    if (!chosen) setKind(kindOf(first.name) ?? kind);
  };
  const has = (name: keyof Parameters) => (parametersOf[kind] as readonly string[]).includes(name);
  const hint = kind in words.tickerHints ? words.tickerHints[kind as keyof typeof words.tickerHints] : undefined;

  return (
    <Card title={words.new}>
      <Form
        submission={submission}
        explain={explain}
      >
        <div className="grid gap-4 md:grid-cols-2">
          <label
            onDragOver={(e) => {
              e.preventDefault();
              setOver(true);
            }}
            onDragLeave={() => setOver(false)}
            onDrop={(e) => {
              e.preventDefault();
              setOver(false);
              take(e.dataTransfer.files);
            }}
            className={cx(
              "flex min-h-36 cursor-pointer flex-col items-center justify-center gap-1 rounded-lg border-2 border-dashed p-4 text-center has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent",
              over ? "border-accent bg-tint" : "border-line hover:border-accent",
            )}
          >
            <input type="file" className="sr-only" disabled={submission.isPending} onChange={(e) => take(e.currentTarget.files)} />
            {file ? (
              <>
                <span className="font-medium wrap-anywhere">{file.name}</span>
                <span className="text-sm text-soft">{bytes(file.size)}</span>
                <span className="text-sm text-accent">{words.another}</span>
              </>
            ) : (
              <>
                <span className="font-medium">{words.drop}</span>
                <span className="text-sm text-soft">{words.dropHint}</span>
              </>
            )}
          </label>
          <div className="space-y-3">
            <Select
              name="kind"
              label={words.kind}
              hint={words.kindHints[kind]}
              value={kind}
              onChange={(e) => {
                setKind(e.currentTarget.value as Kind);
                setChosen(true);
              }}
              options={kinds.map((value) => ({ value, label: words.kinds[value] }))}
            />
            {has("ticker") && <Field key={kind} name="ticker" label={words.ticker} hint={hint} autoComplete="off" autoCapitalize="characters" spellCheck={false} maxLength={20} />}
            {has("exchange") && <Field name="exchange" label={words.exchange} hint={words.exchangeHint} autoComplete="off" maxLength={50} />}
            {has("other_cik") && (
              <Select
                name="other_cik"
                label={words.otherCik}
                hint={words.otherCikHint}
                options={[
                  { value: "", label: words.otherCiks.none },
                  { value: "new", label: words.otherCiks.new },
                  { value: "former", label: words.otherCiks.former },
                ]}
              />
            )}
            {has("adjusted") && (
              <Select
                name="adjusted"
                label={words.adjusted}
                value={adjusted}
                onChange={(e) => setAdjusted(e.currentTarget.value)}
                options={[
                  { value: "", label: words.adjustments.none },
                  { value: "splits", label: words.adjustments.splits },
                ]}
              />
            )}
            {has("adjusted_as_of") && adjusted !== "" && <Field name="adjusted_as_of" type="date" label={words.adjustedAsOf} hint={words.adjustedAsOfHint} />}
          </div>
        </div>
        {submission.isPending && file && (
          <div className="space-y-1" role="status">
            <Progress label={words.new} done={sent} of={file.size} />
            <p className="text-sm text-soft">{sent < file.size ? words.sending(bytes(sent), bytes(file.size)) : words.sent}</p>
          </div>
        )}
        <div className="flex gap-2">
          <Submit>{words.start}</Submit>
          {submission.isPending && <Button onClick={() => sending.current?.abort()}>{words.stop}</Button>}
        </div>
      </Form>
    </Card>
  );
}

class NoFile extends Error {}

function explain(error: unknown): string | undefined {
  if (error instanceof NoFile) return t.imports.chooseFirst;
  if (error instanceof DOMException && error.name === "AbortError") return t.imports.stopped;
  const [mistake, ...others] = isProblem(error, "invalid") ? (error.errors ?? []) : [];
  // The file is the whole body.
  return mistake?.field === "" && others.length === 0 ? t.imports.fileIs(mistake.message) : undefined;
}
