import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, once, pages, queryClient, unwrap, type Schemas } from "../api.ts";
import { ago, instant, none } from "../format.ts";
import { Confirm, Form, Submit, useSubmission } from "../ui/form.tsx";
import { Card, Failure, Loading, TableFrame } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { program } from "./program.ts";

const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: ({ signal }) => Array.fromAsync(pages(api.GET, "/users/me/sessions", { params: { query: { page_size: 100 } }, signal })),
});

const changed = () => queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey });

/** Where the account is signed in, and the end of that. */
export function Sessions() {
  const { data, error, refetch } = useQuery(sessionsQuery);
  const endOthers = useSubmission(() => unwrap(once.DELETE("/users/me/sessions")), changed);
  return (
    <Card
      title={t.accounts.sessions}
      actions={
        data && data.length > 1 ? (
          <Confirm button={t.accounts.endOthers} title={t.accounts.endOthersSure} submission={endOthers}>
            {t.accounts.endOthersHint}
          </Confirm>
        ) : undefined
      }
    >
      {data ? (
        <TableFrame caption={t.accounts.sessions}>
          <thead>
            <tr className="text-left text-soft">
              <th scope="col" className="py-1 pr-3 font-medium">
                {t.accounts.program}
              </th>
              <th scope="col" className="px-3 font-medium">
                {t.accounts.address}
              </th>
              <th scope="col" className="px-3 font-medium">
                {t.accounts.lastUsed}
              </th>
              <th scope="col" className="px-3 font-medium">
                {t.accounts.began}
              </th>
              <th scope="col">
                <span className="sr-only">{t.accounts.action}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.map((session) => (
              <Row key={session.id} session={session} />
            ))}
          </tbody>
        </TableFrame>
      ) : error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <Loading rows={3} />
      )}
    </Card>
  );
}

function Row({ session }: { session: Schemas["Session"] }) {
  const end = useSubmission(() => unwrap(once.DELETE("/users/me/sessions/{id}", { params: { path: { id: session.id } } })), changed);
  const name = session.user_agent === null ? t.accounts.unknownProgram : program(session.user_agent);
  return (
    <tr className="border-t border-line">
      <th scope="row" className="py-2 pr-3 text-left font-normal" title={session.user_agent ?? undefined}>
        {name}
        {session.current && <span className="ml-2 rounded bg-tint px-1.5 py-0.5 text-xs whitespace-nowrap">{t.accounts.thisOne}</span>}
      </th>
      <td className="px-3">{session.client ?? none}</td>
      <td className="px-3 whitespace-nowrap" title={instant(session.last_used_at)}>
        {ago(session.last_used_at)}
      </td>
      <td className="px-3 whitespace-nowrap" title={t.accounts.endsAt(instant(session.expires_at))}>
        {instant(session.created_at)}
      </td>
      <td className="py-1 text-right">
        {!session.current && (
          <Form submission={end}>
            <Submit kind="plain" aria-label={t.accounts.endWhich(name)}>
              {t.accounts.end}
            </Submit>
          </Form>
        )}
      </td>
    </tr>
  );
}
