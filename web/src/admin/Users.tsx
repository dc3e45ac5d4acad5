import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { once, unwrap } from "../api.ts";
import { instant, none } from "../format.ts";
import { Checkbox, Field, Form, Submit, text, useSubmission } from "../ui/form.tsx";
import { Card, ColumnHead, Failure, Loading, More, TableFrame, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { usersQuery } from "./queries.ts";

/** The accounts, and a form for a new one. */
export default function Users() {
  const words = t.users;
  useTitle(t.nav.users);
  const list = useInfiniteQuery(usersQuery);
  const { data, error, refetch } = list;
  return (
    <div className="space-y-4">
      <h1>{t.nav.users}</h1>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <>
          <Card>
            {!data ? (
              <Loading />
            ) : (
              <TableFrame caption={words.list}>
                <thead className="text-left text-soft">
                  <tr className="border-b border-line">
                    {[words.email, words.name, words.state, words.rights, words.secondFactor, words.created].map((name) => (
                      <ColumnHead key={name}>{name}</ColumnHead>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {data.pages
                    .flatMap((p) => p.items)
                    .map((u) => (
                      <tr key={u.id} className="border-b border-line last:border-0">
                        <th scope="row" className="py-1.5 pr-2 text-left font-normal">
                          <Link to="/users/$id" params={{ id: String(u.id) }}>
                            {u.email}
                          </Link>
                        </th>
                        <td className="px-2 py-1.5">{u.full_name ?? none}</td>
                        <td className="px-2 py-1.5">{u.is_active ? words.active : <span className="text-warn">{words.inactive}</span>}</td>
                        <td className="px-2 py-1.5">{u.is_superuser ? words.superuser : words.ordinary}</td>
                        <td className="px-2 py-1.5">{u.totp_enabled ? words.secondFactorOn : none}</td>
                        <td className="px-2 py-1.5 whitespace-nowrap">{instant(u.created_at)}</td>
                      </tr>
                    ))}
                </tbody>
              </TableFrame>
            )}
            <More of={list} />
          </Card>
          {data && <NewUser />}
        </>
      )}
    </div>
  );
}

function NewUser() {
  const words = t.users;
  const navigate = useNavigate();
  const client = useQueryClient();
  const create = useSubmission(
    (form) =>
      unwrap(
        once.POST("/users", {
          body: {
            email: text(form, "email").trim(),
            password: text(form, "password"),
            full_name: text(form, "full_name").trim() || null,
            is_active: form.has("is_active"),
            is_superuser: form.has("is_superuser"),
          },
        }),
      ),
    ({ id }) => {
      void client.invalidateQueries({ queryKey: ["users"] });
      return navigate({ to: "/users/$id", params: { id: String(id) } });
    },
  );
  return (
    <Card title={words.create}>
      <Form submission={create} className="max-w-xl">
        <p className="text-sm text-soft">{words.createHint}</p>
        <Field name="email" type="email" label={words.email} required autoComplete="off" />
        <Field name="password" type="password" label={words.password} hint={words.passwordHint} required autoComplete="new-password" />
        <Field name="full_name" label={words.name} autoComplete="off" maxLength={200} />
        <Checkbox name="is_active" label={words.isActive} hint={words.isActiveHint} defaultChecked />
        <Checkbox name="is_superuser" label={words.isSuperuser} hint={words.isSuperuserHint} />
        <Submit>{words.create}</Submit>
      </Form>
    </Card>
  );
}
