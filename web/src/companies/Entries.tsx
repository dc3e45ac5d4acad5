import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { once, unwrap, type Schemas } from "../api.ts";
import { day, money, number } from "../format.ts";
import { useMe } from "../session.ts";
import { Checkbox, Confirm, Field, Form, Select, Submit, text, useSubmission, type Submission } from "../ui/form.tsx";
import { buttonClass, Card, Failure, Loading, Notice, SignInLink, TableFrame } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { named } from "../words/language.ts";
import {
  dividendFields,
  read,
  splitFields,
  statementFields,
  statementParts,
  typed,
  type DividendInput,
  type FieldKind,
  type FieldKinds,
  type SplitInput,
  type StatementInput,
} from "./entries.ts";
import { entryDividendsQuery, entrySplitsQuery, entryStatementsQuery } from "./entry-queries.ts";
import { useKeyed } from "./request.ts";

type Statement = Schemas["FinancialStatement"];
type Dividend = Schemas["Dividend"];

const labels: Record<keyof StatementInput | keyof DividendInput | keyof SplitInput, string> = { ...t.figures.names, ...t.entries.fields };
const hints: Readonly<Record<string, string>> = t.entries.hints;
const locale = navigator.language;

/** What superusers enter by hand about a company: statements, dividends and splits. */
export default function Entries() {
  const me = useMe();
  const { edit, id } = useSearch({ from: "/companies/$ticker/entries" });
  const { ticker } = useParams({ from: "/companies/$ticker" });
  if (me === undefined) return <Loading />;
  if (me === null)
    return (
      <Notice>
        <p>{t.entries.signIn}</p>
        <SignInLink />
      </Notice>
    );
  if (!me.is_superuser) return <Notice tone="warn">{t.state.forbidden}</Notice>;
  if (edit === "statement") return <EditStatement key={id} ticker={ticker} id={id} />;
  if (edit === "dividend") return <EditDividend key={id} ticker={ticker} id={id} />;
  if (edit === "split") return <NewSplit ticker={ticker} />;
  return (
    <div className="space-y-4">
      <p className="text-sm text-soft">{t.entries.intro}</p>
      <Statements ticker={ticker} />
      <Dividends ticker={ticker} />
      <Splits ticker={ticker} />
    </div>
  );
}

const statementName = (s: Statement) =>
  t.entries.name(
    s.fiscal_quarter !== null ? t.statements.fiscalQuarter(s.fiscal_quarter, s.fiscal_year) : named(t.entries.periods, s.period),
    s.fiscal_quarter !== null ? "" : String(s.fiscal_year),
    day(s.end_date),
  ).replace(/ +,/, ",");

const dividendName = (d: Dividend) => t.entries.dividendName(money(d.amount_per_share, d.currency, 6), day(d.publish_date));

/** Leads to a form, or back without `edit`. */
function EntryLink({ ticker, edit, id, children, label, button }: { ticker: string; edit?: string; id?: number; children: ReactNode; label?: string; button?: boolean }) {
  return (
    <Link
      to="/companies/$ticker/entries"
      params={{ ticker }}
      search={{ ...(edit !== undefined && { edit }), ...(id !== undefined && { id: String(id) }) }}
      aria-label={label}
      className={button ? buttonClass() : "text-sm"}
    >
      {children}
    </Link>
  );
}

/** What is to be done after a write: all that is shown may have changed. */
function useWritten(ticker: string): () => Promise<unknown> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    await navigate({ to: "/companies/$ticker/entries", params: { ticker }, search: {} });
    await client.invalidateQueries();
  };
}

function Table({ caption, heads, children }: { caption: string; heads: string[]; children: ReactNode }) {
  return (
    <TableFrame caption={caption}>
      <thead className="text-left text-soft">
        <tr className="border-b border-line">
          {heads.map((h) => (
            <th key={h} scope="col" className="px-2 py-1.5 font-medium whitespace-nowrap first:pl-0">
              {h}
            </th>
          ))}
          <td />
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </TableFrame>
  );
}

function Statements({ ticker }: { ticker: string }) {
  const words = t.entries;
  const { data, error, refetch } = useQuery(entryStatementsQuery(ticker));
  const manual = data?.filter((s) => s.source === "manual") ?? [];
  const filed = data?.filter((s) => s.source !== "manual") ?? [];
  return (
    <Card
      title={words.statements}
      actions={
        <EntryLink ticker={ticker} edit="statement" button>
          {words.newStatement}
        </EntryLink>
      }
    >
      {error ? <Failure error={error} retry={() => void refetch()} /> : !data ? <Loading rows={2} /> : manual.length === 0 && <p className="text-sm text-soft">{words.noStatements}</p>}
      {manual.length > 0 && (
        <Table caption={words.statements} heads={[words.period, words.published, words.fields.currency, labels.total_revenues]}>
          {manual.map((s) => (
            <tr key={s.id} className="border-b border-line last:border-0">
              <th scope="row" className="py-1.5 pr-2 text-left font-normal">
                {statementName(s)}
              </th>
              <td className="px-2 py-1.5">{day(s.publish_date)}</td>
              <td className="px-2 py-1.5">{s.currency}</td>
              <td className="px-2 py-1.5">{number(s.total_revenues, 0)}</td>
              <td className="py-1.5 pl-2">
                <div className="flex justify-end gap-2">
                  <EntryLink ticker={ticker} edit="statement" id={s.id} label={words.replaceOne(statementName(s))} button>
                    {words.replace}
                  </EntryLink>
                  <DeleteStatement ticker={ticker} statement={s} />
                </div>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {filed.length > 0 && (
        <details className="mt-3 text-sm">
          <summary className="text-accent">{words.replaceFiled}</summary>
          <ul className="mt-2 columns-1 gap-6 sm:columns-2 lg:columns-3">
            {filed.map((s) => (
              <li key={s.id} className="py-0.5">
                <EntryLink ticker={ticker} edit="statement" id={s.id}>
                  {statementName(s)}
                </EntryLink>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}

function DeleteStatement({ ticker, statement: s }: { ticker: string; statement: Statement }) {
  const words = t.entries;
  const written = useWritten(ticker);
  const remove = useSubmission(() => unwrap(once.DELETE("/financial-statements/{id}", { params: { path: { id: s.id } } })), written);
  return (
    <Confirm button={words.delete} label={words.deleteOne(statementName(s))} title={words.deleteStatement(statementName(s))} submission={remove}>
      <p>{words.deleteStatementHint}</p>
    </Confirm>
  );
}

function Dividends({ ticker }: { ticker: string }) {
  const words = t.entries;
  const { data, error, refetch } = useQuery(entryDividendsQuery(ticker));
  const manual = data?.filter((d) => d.source === "manual") ?? [];
  const filed = data?.filter((d) => d.source !== "manual") ?? [];
  return (
    <Card
      title={words.dividends}
      actions={
        <EntryLink ticker={ticker} edit="dividend" button>
          {words.newDividend}
        </EntryLink>
      }
    >
      {error ? <Failure error={error} retry={() => void refetch()} /> : !data ? <Loading rows={2} /> : manual.length === 0 && <p className="text-sm text-soft">{words.noDividends}</p>}
      {manual.length > 0 && (
        <Table caption={words.dividends} heads={[labels.amount_per_share, labels.publish_date, labels.period_end, labels.ex_dividend_date]}>
          {manual.map((d) => (
            <tr key={d.id} className="border-b border-line last:border-0">
              <th scope="row" className="py-1.5 pr-2 text-left font-normal">
                {money(d.amount_per_share, d.currency, 6)}
              </th>
              <td className="px-2 py-1.5">{day(d.publish_date)}</td>
              <td className="px-2 py-1.5">{day(d.period_end)}</td>
              <td className="px-2 py-1.5">{day(d.ex_dividend_date)}</td>
              <td className="py-1.5 pl-2">
                <div className="flex justify-end gap-2">
                  <EntryLink ticker={ticker} edit="dividend" id={d.id} label={words.replaceOne(dividendName(d))} button>
                    {words.replace}
                  </EntryLink>
                  <DeleteDividend ticker={ticker} dividend={d} />
                </div>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {filed.length > 0 && (
        <details className="mt-3 text-sm">
          <summary className="text-accent">{words.replaceFiled}</summary>
          <ul className="mt-2 columns-1 gap-6 sm:columns-2 lg:columns-3">
            {filed.map((d) => (
              <li key={d.id} className="py-0.5">
                <EntryLink ticker={ticker} edit="dividend" id={d.id}>
                  {dividendName(d)}
                </EntryLink>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Card>
  );
}

function DeleteDividend({ ticker, dividend: d }: { ticker: string; dividend: Dividend }) {
  const words = t.entries;
  const written = useWritten(ticker);
  const remove = useSubmission(() => unwrap(once.DELETE("/dividends/{id}", { params: { path: { id: d.id } } })), written);
  return (
    <Confirm button={words.delete} label={words.deleteOne(dividendName(d))} title={words.deleteDividend(dividendName(d))} submission={remove}>
      <p>{words.deleteDividendHint}</p>
    </Confirm>
  );
}

function Splits({ ticker }: { ticker: string }) {
  const words = t.entries;
  const { data, error, refetch } = useQuery(entrySplitsQuery(ticker));
  const given = data?.items.filter((s) => s.source === "import") ?? [];
  return (
    <Card
      title={words.splits}
      actions={
        <EntryLink ticker={ticker} edit="split" button>
          {words.newSplit}
        </EntryLink>
      }
    >
      <p className="mb-2 text-sm text-soft">{words.splitsHint}</p>
      {error ? <Failure error={error} retry={() => void refetch()} /> : !data ? <Loading rows={2} /> : given.length === 0 && <p className="text-sm text-soft">{words.noSplits}</p>}
      {given.length > 0 && (
        <Table caption={words.splits} heads={[labels.effective_date, labels.ratio]}>
          {given.map((s) => (
            <tr key={s.effective_date} className="border-b border-line last:border-0">
              <th scope="row" className="py-1.5 pr-2 text-left font-normal">
                {day(s.effective_date)}
              </th>
              <td className="px-2 py-1.5">{s.ratio_fraction}</td>
              <td />
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}

const messages = { whole: t.entries.whole, number: t.entries.number };

/** The form of an entry, in the place of the lists. */
function EntryForm({ ticker, title, submission, children }: { ticker: string; title: string; submission: Submission; children: ReactNode }) {
  return (
    <div className="space-y-3">
      <EntryLink ticker={ticker}>{t.entries.back}</EntryLink>
      <Card title={title}>
        <Form submission={submission} className="space-y-5">
          {children}
          <div className="flex gap-2 border-t border-line pt-4">
            <Submit>{t.entries.save}</Submit>
            <EntryLink ticker={ticker} button>
              {t.form.cancel}
            </EntryLink>
          </div>
        </Form>
      </Card>
    </div>
  );
}

interface Inputs {
  fields: FieldKinds;
  /** What they begin with. */
  values?: Readonly<Record<string, unknown>> | undefined;
  /** What cannot change. */
  fixed?: readonly string[];
  required?: readonly string[];
}

function Inputs({ fields, values, fixed = [], required = [] }: Inputs) {
  return (
    <div className="grid grid-cols-1 items-start gap-3 sm:grid-cols-2 lg:grid-cols-3">
      {Object.entries(fields).map(([name, kind]) => (
        <Input key={name} name={name as keyof typeof labels} kind={kind} value={values?.[name]} fixed={fixed.includes(name)} required={required.includes(name)} />
      ))}
    </div>
  );
}

function Input({ name, kind, value, fixed, required }: { name: keyof typeof labels; kind: FieldKind; value: unknown; fixed: boolean; required: boolean }) {
  const about = { name, label: labels[name], ...(hints[name] !== undefined && { hint: hints[name] }) };
  const begin = typeof value === "number" ? (kind === "integer" ? String(value) : typed(value, locale)) : typeof value === "string" ? value : "";
  switch (kind) {
    case "kept":
      return null;
    case "flag":
      return <Checkbox {...about} className="self-center" defaultChecked={value === true} />;
    case "period":
      return fixed ? (
        <Field {...about} defaultValue={begin} readOnly />
      ) : (
        <Select {...about} defaultValue={begin || "annual"} options={Object.entries(t.entries.periods).map(([v, label]) => ({ value: v, label }))} />
      );
    case "date":
      return <Field {...about} type="date" defaultValue={begin} readOnly={fixed} required={required} />;
    case "text":
      return <Field {...about} defaultValue={begin} required={required} autoComplete="off" spellCheck={false} />;
    case "integer":
      return <Field {...about} defaultValue={begin} inputMode="numeric" required={required} autoComplete="off" />;
    case "amount":
    case "shares":
    case "decimal":
      return <Field {...about} defaultValue={begin} required={required} autoComplete="off" />;
  }
}

function EditStatement({ ticker, id }: { ticker: string; id: string | undefined }) {
  const { data, error, refetch } = useQuery(entryStatementsQuery(ticker));
  if (id === undefined) return <StatementForm ticker={ticker} />;
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  const old = data.find((s) => String(s.id) === id);
  return old ? <StatementForm ticker={ticker} old={old} /> : <Notice tone="warn">{t.state.notFound}</Notice>;
}

function StatementForm({ ticker, old }: { ticker: string; old?: Statement }) {
  const words = t.entries;
  const written = useWritten(ticker);
  const save = useSubmission(async (form) => {
    const input = read(form, statementFields, { zeros: Number(text(form, "unit") || "0"), locale, messages }) as StatementInput;
    if (!old) return unwrap(once.POST("/companies/{ticker}/financial-statements", { params: { path: { ticker } }, body: input }));
    const body = { ...input, ...(old.adjusted_to !== null && { adjusted_to: old.adjusted_to }) };
    return unwrap(once.PUT("/financial-statements/{id}", { params: { path: { id: old.id } }, body }));
  }, written);
  const { per_share_basis_date, shares_outstanding_basis_date, ...perShare } = statementParts.per_share;
  return (
    <EntryForm ticker={ticker} title={old ? words.replaceStatement(statementName(old)) : words.newStatement} submission={save}>
      <div className="space-y-1 text-sm text-soft">
        {old && <p>{words.replaceHint}</p>}
        <p>{words.computed}</p>
      </div>
      <Part name={words.parts.statement}>
        <Inputs
          fields={statementParts.statement}
          values={old}
          fixed={old ? ["period", "end_date"] : []}
          required={["fiscal_year", "end_date", "publish_date", "currency"]}
        />
      </Part>
      {!old && (
        <Select
          name="unit"
          label={words.unit}
          hint={words.unitHint}
          className="max-w-60"
          options={Object.entries(words.units).map(([value, label]) => ({ value, label }))}
        />
      )}
      <Part name={words.parts.income}>
        <Inputs fields={statementParts.income} values={old} />
      </Part>
      <Part name={words.parts.cash_flow}>
        <Inputs fields={statementParts.cash_flow} values={old} />
      </Part>
      <Part name={words.parts.balance_sheet}>
        <Inputs fields={statementParts.balance_sheet} values={old} />
      </Part>
      <Part name={words.parts.per_share}>
        {old?.adjusted_to != null && <p className="mb-2 text-sm text-soft">{words.adjustedTo(day(old.adjusted_to))}</p>}
        <Inputs fields={old ? perShare : { ...perShare, per_share_basis_date, shares_outstanding_basis_date }} values={old} />
      </Part>
    </EntryForm>
  );
}

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <fieldset>
      <legend className="mb-2 w-full border-b border-line pb-1 font-semibold">{name}</legend>
      {children}
    </fieldset>
  );
}

function EditDividend({ ticker, id }: { ticker: string; id: string | undefined }) {
  const { data, error, refetch } = useQuery(entryDividendsQuery(ticker));
  if (id === undefined) return <DividendForm ticker={ticker} />;
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  const old = data.find((d) => String(d.id) === id);
  return old ? <DividendForm ticker={ticker} old={old} /> : <Notice tone="warn">{t.state.notFound}</Notice>;
}

function DividendForm({ ticker, old }: { ticker: string; old?: Dividend }) {
  const words = t.entries;
  const written = useWritten(ticker);
  const keyed = useKeyed();
  const save = useSubmission(async (form) => {
    const body = read(form, dividendFields, { zeros: 0, locale, messages }) as DividendInput;
    if (old) return unwrap(once.PUT("/dividends/{id}", { params: { path: { id: old.id } }, body }));
    return keyed(body, (key) => unwrap(once.POST("/companies/{ticker}/dividends", { params: { path: { ticker }, header: { "Idempotency-Key": key } }, body })));
  }, written);
  return (
    <EntryForm ticker={ticker} title={old ? words.replaceDividend(dividendName(old)) : words.newDividend} submission={save}>
      <Inputs fields={dividendFields} values={old} required={["amount_per_share", "currency", "publish_date"]} />
    </EntryForm>
  );
}

function NewSplit({ ticker }: { ticker: string }) {
  const written = useWritten(ticker);
  const save = useSubmission(async (form) => {
    const body = read(form, splitFields, { zeros: 0, locale, messages }) as SplitInput;
    return unwrap(once.POST("/companies/{ticker}/splits", { params: { path: { ticker } }, body }));
  }, written);
  return (
    <EntryForm ticker={ticker} title={t.entries.newSplit} submission={save}>
      <Inputs fields={splitFields} required={["effective_date", "ratio"]} />
    </EntryForm>
  );
}
