import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { isProblem, once, unwrap, type Schemas } from "../api.ts";
import { instant } from "../format.ts";
import { meQuery, useMe } from "../session.ts";
import { NotFound } from "../shell/errors.tsx";
import { Checkbox, Confirm, Field, Form, Submit, text, useSubmission } from "../ui/form.tsx";
import { Card, ColumnHead, Failure, Loading, More, Notice, TableFrame, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { named } from "../words/language.ts";
import { changes } from "./changes.ts";
import { keysQuery, userQuery } from "./queries.ts";

type Account = Schemas["User"];

/** An account, as superusers manage it. */
export default function User() {
  const id = Number(useParams({ from: "/users/$id" }).id);
  const me = useMe();
  const { data, error, refetch } = useQuery(userQuery(id));
  const words = t.users;
  useTitle(data?.email ?? words.one(id));
  if (isProblem(error, "not-found", "invalid")) return <NotFound />;
  const own = me?.id === id;
  return (
    <div className="space-y-4">
      <div>
        <Link to="/users" className="text-sm">
          {words.all}
        </Link>
        <h1 className="wrap-anywhere">{data?.email ?? words.one(id)}</h1>
        {data && (
          <p className="text-sm text-soft">
            {words.created} {instant(data.created_at)} · {words.changed} {instant(data.updated_at)}
          </p>
        )}
      </div>
      {error ? <Failure error={error} retry={() => void refetch()} /> : !data && <Loading />}
      {data && (
        <>
          {own && (
            <Notice>
              {words.you} <Link to="/account" className="underline">{words.toAccount}</Link>
            </Notice>
          )}
          <div className="grid items-start gap-4 md:grid-cols-2">
            <Profile user={data} own={own} />
            <div className="space-y-4">
              <Password user={data} own={own} />
              <SecondFactor user={data} own={own} />
              <Card title={t.nav.audit}>
                <ul className="space-y-1 text-sm">
                  <li>
                    <Link to="/audit-events" search={{ actor_id: String(id) }}>
                      {words.did}
                    </Link>
                  </li>
                  <li>
                    <Link to="/audit-events" search={{ target_type: "user", target: String(id) }}>
                      {words.done}
                    </Link>
                  </li>
                </ul>
              </Card>
            </div>
          </div>
          <Keys user={data} />
          <Delete user={data} own={own} />
        </>
      )}
    </div>
  );
}

/** Takes an account as the server now has it. */
function useTake(): (user: Account) => void {
  const client = useQueryClient();
  return (user) => {
    client.setQueryData(userQuery(user.id).queryKey, user);
    void client.invalidateQueries({ queryKey: ["users"], exact: true });
    void client.invalidateQueries({ queryKey: meQuery.queryKey });
  };
}

function Profile({ user, own }: { user: Account; own: boolean }) {
  const words = t.users;
  const take = useTake();
  const save = useSubmission((form) => unwrap(once.PATCH("/users/{id}", { params: { path: { id: user.id } }, body: changes(user, form) })), take);
  return (
    <Card title={words.account}>
      <Form submission={save} done={words.saved}>
        <Field
          name="email"
          type="email"
          label={words.email}
          defaultValue={user.email}
          required
          autoComplete="off"
          {...(user.pending_email !== null && { hint: words.pending(user.pending_email) })}
        />
        <Field name="full_name" label={words.name} defaultValue={user.full_name ?? ""} autoComplete="off" maxLength={200} />
        <Checkbox name="is_active" label={words.isActive} hint={words.isActiveHint} defaultChecked={user.is_active} />
        <Checkbox name="is_superuser" label={words.isSuperuser} hint={words.isSuperuserHint} defaultChecked={user.is_superuser} />
        {own && <Field name="current_password" type="password" label={words.currentPassword} hint={words.currentPasswordHint} autoComplete="current-password" />}
        <Submit>{words.save}</Submit>
      </Form>
    </Card>
  );
}

function Password({ user, own }: { user: Account; own: boolean }) {
  const words = t.users;
  const take = useTake();
  const save = useSubmission(
    (form) => unwrap(once.PATCH("/users/{id}", { params: { path: { id: user.id } }, body: { password: text(form, "password") } })),
    take,
  );
  if (own) return null;
  return (
    <Card title={words.newPassword}>
      <Form submission={save} done={words.passwordSet}>
        <Field name="password" type="password" label={words.newPassword} hint={words.passwordHint} required autoComplete="new-password" />
        <p className="text-sm text-soft">{words.newPasswordHint}</p>
        <Submit kind="plain">{words.setPassword}</Submit>
      </Form>
    </Card>
  );
}

function SecondFactor({ user, own }: { user: Account; own: boolean }) {
  const words = t.users;
  const client = useQueryClient();
  const remove = useSubmission(
    () => unwrap(once.DELETE("/users/{id}/totp", { params: { path: { id: user.id } } })),
    () => client.invalidateQueries({ queryKey: ["users"] }),
  );
  return (
    <Card title={words.secondFactor}>
      {!user.totp_enabled ? (
        <p className="text-sm text-soft">{words.noSecondFactor}</p>
      ) : own ? (
        <p className="text-sm">{words.secondFactorOn}</p>
      ) : (
        <Confirm button={words.resetSecondFactor} title={words.resetSecondFactorTitle(user.email)} submission={remove}>
          <p>{words.resetSecondFactorHint}</p>
        </Confirm>
      )}
    </Card>
  );
}

function Keys({ user }: { user: Account }) {
  const words = t.users;
  const list = useInfiniteQuery(keysQuery(user.id));
  const { data, error, refetch } = list;
  const keys = data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <Card title={words.keys}>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading rows={2} />
      ) : keys.length === 0 ? (
        <p className="text-sm text-soft">{words.noKeys}</p>
      ) : (
        <TableFrame caption={words.keysOf(user.email)}>
          <thead className="text-left text-soft">
            <tr className="border-b border-line">
              {[words.name, words.key, words.scopes, words.created, words.lastUsed, words.expires].map((name) => (
                <ColumnHead key={name}>{name}</ColumnHead>
              ))}
              <td />
            </tr>
          </thead>
          <tbody>
            {keys.map((k) => (
              <Key key={k.id} of={k} />
            ))}
          </tbody>
        </TableFrame>
      )}
      <More of={list} />
    </Card>
  );
}

function Key({ of: k }: { of: Schemas["ApiKeyInfo"] }) {
  const words = t.users;
  const client = useQueryClient();
  const revoke = useSubmission(
    () => unwrap(once.DELETE("/api-keys/{id}", { params: { path: { id: k.id } } })),
    () => client.invalidateQueries({ queryKey: keysQuery(k.user_id).queryKey }),
  );
  return (
    <tr className="border-b border-line last:border-0">
      <th scope="row" className="py-1.5 pr-2 text-left font-normal">
        {k.name}
      </th>
      <td className="px-2 py-1.5">
        <code>{k.prefix}…</code>
      </td>
      <td className="px-2 py-1.5">{k.scopes.map((s) => named(words.scopeNames, s)).join(", ")}</td>
      <td className="px-2 py-1.5 whitespace-nowrap">{instant(k.created_at)}</td>
      <td className="px-2 py-1.5 whitespace-nowrap">{k.last_used_at === null ? words.never : instant(k.last_used_at)}</td>
      <td className="px-2 py-1.5 whitespace-nowrap">{new Date(k.expires_at) < new Date() ? words.expired : instant(k.expires_at)}</td>
      <td className="py-1.5 text-right">
        <Confirm button={words.revoke} label={words.revokeKey(k.name)} title={words.revokeTitle(k.name)} submission={revoke}>
          <p>{words.revokeHint}</p>
        </Confirm>
      </td>
    </tr>
  );
}

function Delete({ user, own }: { user: Account; own: boolean }) {
  const words = t.users;
  const navigate = useNavigate();
  const client = useQueryClient();
  const remove = useSubmission(
    () => unwrap(once.DELETE("/users/{id}", { params: { path: { id: user.id } } })),
    async () => {
      await navigate({ to: "/users" });
      client.removeQueries({ queryKey: ["users", user.id] });
      await client.invalidateQueries({ queryKey: ["users"] });
    },
  );
  return (
    <Card title={words.delete}>
      {own ? (
        <p className="text-sm text-soft">{words.deleteYourself}</p>
      ) : (
        <div className="space-y-3">
          <p className="text-sm text-soft">{words.deleteHint}</p>
          <Confirm button={words.delete} title={words.deleteTitle(user.email)} submission={remove}>
            <p>{words.deleteHint}</p>
          </Confirm>
        </div>
      )}
    </Card>
  );
}
