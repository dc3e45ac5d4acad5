import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { isProblem, type Schemas } from "../api.ts";
import { instant, none } from "../format.ts";
import { Field, Form, Submit, text } from "../ui/form.tsx";
import { buttonClass, Card, ColumnHead, Empty, Failure, Loading, More, TableFrame, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { named } from "../words/language.ts";
import { told } from "./audit.ts";
import { auditFilters, auditQuery, type AuditSearch } from "./queries.ts";
import { Who } from "./Who.tsx";

type Event = Schemas["AuditEvent"];

/** Who did what, the newest first, as far as the filters in the address let it through. */
export default function AuditEvents() {
  const words = t.audit;
  useTitle(t.nav.audit);
  const search = useSearch({ from: "/audit-events" });
  const list = useInfiniteQuery(auditQuery(search));
  const { data, error, refetch, isFetching, isPlaceholderData } = list;
  const events = data?.pages.flatMap((p) => p.items) ?? [];
  const mistaken = isProblem(error, "invalid");
  return (
    <div className="space-y-4">
      <div className="flex flex-wrap items-baseline justify-between gap-2">
        <h1>{t.nav.audit}</h1>
        <a href="/jobs" className="text-sm">
          {t.nav.jobs}
        </a>
      </div>
      {error && !mistaken ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <>
          <Filters key={JSON.stringify(search)} search={search} error={error} busy={isFetching && isPlaceholderData} />
          <Card className={error ? "hidden" : ""}>
            {!data ? (
              <Loading />
            ) : events.length === 0 ? (
              <Empty>{auditFilters.some((f) => search[f]) ? words.noneSuch : words.none}</Empty>
            ) : (
              <TableFrame caption={words.list}>
                <thead className="text-left text-soft">
                  <tr className="border-b border-line">
                    {[words.when, words.action, words.actor, words.target, words.detail, words.client].map((name) => (
                      <ColumnHead key={name}>{name}</ColumnHead>
                    ))}
                  </tr>
                </thead>
                <tbody className={isPlaceholderData ? "opacity-60" : undefined}>
                  {events.map((e) => (
                    <Row key={e.id} event={e} />
                  ))}
                </tbody>
              </TableFrame>
            )}
            <More of={list} />
          </Card>
        </>
      )}
    </div>
  );
}

function Filters({ search, error, busy }: { search: AuditSearch; error: unknown; busy: boolean }) {
  const words = t.audit;
  const navigate = useNavigate();
  const filter = {
    mutate: (form: FormData) => {
      const filters: AuditSearch = {};
      for (const name of auditFilters) {
        const value = text(form, name).trim();
        if (value !== "") filters[name] = value;
      }
      void navigate({ to: "/audit-events", search: filters });
    },
    reset: () => undefined,
    error,
    isPending: busy,
    isSuccess: false,
  };
  return (
    <Card>
      <Form submission={filter}>
        <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
          <Field name="actor_id" label={words.actorID} defaultValue={search.actor_id} inputMode="numeric" pattern="[1-9][0-9]*" maxLength={15} />
          <Field name="action" label={words.action} defaultValue={search.action} list="audit-actions" autoComplete="off" />
          <Field name="target_type" label={words.targetType} defaultValue={search.target_type} list="audit-targets" autoComplete="off" />
          <Field name="target" label={words.target} defaultValue={search.target} autoComplete="off" />
          <Field name="client" label={words.client} defaultValue={search.client} autoComplete="off" />
          <Field name="since" label={words.since} type="date" defaultValue={search.since} />
          <Field name="until" label={words.until} type="date" defaultValue={search.until} />
          <div className="flex items-end gap-2">
            <Submit>{words.filter}</Submit>
            <Link to="/audit-events" search={{}} className={buttonClass()}>
              {words.clear}
            </Link>
          </div>
        </div>
        <datalist id="audit-actions">
          {Object.entries(words.actions).map(([value, label]) => (
            <option key={value} value={value} label={label} />
          ))}
        </datalist>
        <datalist id="audit-targets">
          {Object.entries(words.targets).map(([value, label]) => (
            <option key={value} value={value} label={label} />
          ))}
        </datalist>
      </Form>
    </Card>
  );
}

function Row({ event: e }: { event: Event }) {
  const words = t.audit;
  const values = told(e.detail);
  return (
    <tr className="border-b border-line align-top last:border-0">
      <td className="py-1.5 pr-2 whitespace-nowrap">{instant(e.created_at)}</td>
      <th scope="row" className="px-2 py-1.5 text-left font-normal">
        <Link to="/audit-events" search={(s) => ({ ...s, action: e.action })} title={e.action}>
          {named(words.actions, e.action)}
        </Link>
        {e.reason !== null && <p className="text-xs text-bad">{named(words.reasons, e.reason)}</p>}
      </th>
      <td className="px-2 py-1.5">
        {e.actor_id !== null ? <Who id={e.actor_id} /> : named(words.actors, e.actor)}
        {e.api_key_id !== null && <p className="text-xs text-soft">{words.byKey(e.api_key_id)}</p>}
      </td>
      <td className="px-2 py-1.5">{e.target_type === null ? none : <Target type={e.target_type} target={e.target ?? ""} />}</td>
      <td className="px-2 py-1.5">
        {values.length === 0 ? (
          none
        ) : (
          <details open={values.length < 4}>
            <summary className="text-soft">{words.values(values.length)}</summary>
            <dl className="grid grid-cols-[auto_1fr] gap-x-3 text-xs">
              {values.map((v) => (
                <div key={v.field} className="contents">
                  <dt className="text-soft">{v.field}</dt>
                  <dd className="max-w-72 wrap-anywhere">
                    {v.before !== undefined && <del>{v.before}</del>} {v.after}
                  </dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </td>
      <td className="px-2 py-1.5 whitespace-nowrap" title={e.request_id === null ? undefined : t.state.requestID(e.request_id)}>
        {e.client ?? none}
      </td>
    </tr>
  );
}

/** What something was done to, with a link where it has a page. */
function Target({ type, target }: { type: string; target: string }) {
  const said = t.audit.targetOf(named(t.audit.targets, type), target);
  switch (type) {
    case "user":
      return (
        <Link to="/users/$id" params={{ id: target }}>
          {said}
        </Link>
      );
    // newproject:companies
    case "company":
      return (
        <Link to="/companies/$ticker" params={{ ticker: target }}>
          {said}
        </Link>
      );
    case "import":
      return (
        <Link to="/imports/$id" params={{ id: target }}>
          {said}
        </Link>
      );
    case "sync":
      return (
        <Link to="/syncs/$id" params={{ id: target }}>
          {said}
        </Link>
      );
    // newproject:end
    default:
      return <span className="wrap-anywhere">{said}</span>;
  }
}
