import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { isProblem, once, queryClient, unwrap, type Schemas } from "../api.ts";
import { day, none } from "../format.ts";
import { meQuery, signedInAs } from "../session.ts";
import { Confirm, Field, text, useSubmission } from "../ui/form.tsx";
import { Card, Failure, Loading, Notice, SignInLink, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { ApiKeys } from "./ApiKeys.tsx";
import { CurrentPassword, EmailField, NewPassword } from "./parts.tsx";
import { SecondFactor } from "./SecondFactor.tsx";
import { Sessions } from "./Sessions.tsx";

type User = Schemas["User"];

/** The account of who is signed in. */
export default function Account() {
  useTitle(t.accounts.account);
  const { data: me, error, refetch } = useQuery(meQuery);
  return (
    <div className="mx-auto max-w-3xl space-y-4">
      <h1>{t.accounts.account}</h1>
      {me ? (
        <>
          <p className="text-sm text-soft">
            {t.accounts.since(day(me.created_at.slice(0, 10)))}
            {me.is_superuser && ` · ${t.accounts.superuser}`}
          </p>
          <SigningIn me={me} />
          <SecondFactor me={me} />
          <Sessions />
          <ApiKeys />
          <Deletion />
        </>
      ) : me === null ? (
        <Notice tone="warn">
          <p>{t.form.signedOut}</p>
          <SignInLink>{t.accounts.signIn}</SignInLink>
        </Notice>
      ) : error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <Loading />
      )}
    </div>
  );
}

const keep = (user: User) => queryClient.setQueryData(meQuery.queryKey, user);

function SigningIn({ me }: { me: User }) {
  const navigate = useNavigate();
  const rename = useSubmission((form) => unwrap(once.PATCH("/users/me", { body: { full_name: text(form, "full_name").trim() || null } })), keep);
  const move = useSubmission(
    (form) => unwrap(once.PATCH("/users/me", { body: { email: text(form, "email").trim(), current_password: text(form, "current_password") } })),
    keep,
  );
  const change = useSubmission(
    (form) => unwrap(once.PUT("/users/me/password", { body: { current_password: text(form, "current_password"), new_password: text(form, "new_password") } })),
    async () => {
      await navigate({ to: "/sign-in", search: { next: "/account", after: "password" } });
      await signedInAs(null);
    },
  );
  return (
    <Card title={t.accounts.details}>
      <dl className="divide-y divide-line">
        <Detail
          name={t.accounts.fullName}
          change={
            <Confirm safe button={t.accounts.change} label={t.accounts.changeName} title={t.accounts.changeName} action={t.accounts.save} submission={rename}>
              <Field name="full_name" label={t.accounts.fullName} autoComplete="name" maxLength={200} defaultValue={me.full_name ?? ""} />
            </Confirm>
          }
        >
          {me.full_name ?? none}
        </Detail>
        <Detail
          name={t.accounts.email}
          change={
            <Confirm safe button={t.accounts.change} label={t.accounts.changeEmail} title={t.accounts.changeEmail} action={t.accounts.changeEmail} submission={move}>
              <EmailField label={t.accounts.newEmail} />
              <CurrentPassword />
              <p className="text-soft">{t.accounts.emailHint}</p>
            </Confirm>
          }
        >
          {me.email}
          {me.pending_email !== null && (
            <div className="mt-2">
              <Notice>{t.accounts.pendingEmail(me.pending_email, me.email)}</Notice>
            </div>
          )}
        </Detail>
        <Detail
          name={t.accounts.password}
          change={
            <Confirm safe button={t.accounts.change} label={t.accounts.changePassword} title={t.accounts.changePassword} action={t.accounts.changePassword} submission={change}>
              <input hidden type="text" autoComplete="username" defaultValue={me.email} />
              <CurrentPassword />
              <NewPassword name="new_password" label={t.accounts.newPassword} />
              <p className="text-soft">{t.accounts.passwordEnds}</p>
            </Confirm>
          }
        >
          {t.accounts.hidden}
        </Detail>
      </dl>
    </Card>
  );
}

function Detail({ name, children, change }: { name: string; children: ReactNode; change: ReactNode }) {
  return (
    <div className="grid grid-cols-[1fr_auto] items-center gap-x-4 py-2 text-sm first:pt-0 last:pb-0 sm:grid-cols-[8rem_1fr_auto]">
      <dt className="text-soft max-sm:col-span-2">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
      <dd>{change}</dd>
    </div>
  );
}

function Deletion() {
  const navigate = useNavigate();
  const remove = useSubmission(
    (form) => unwrap(once.DELETE("/users/me", { body: { current_password: text(form, "current_password") } })),
    async () => {
      await navigate({ to: "/sign-in", search: { after: "deleted" } });
      await signedInAs(null);
    },
  );
  return (
    <Card title={t.accounts.deletion}>
      <p className="mb-3 text-sm">{t.accounts.deletionHint}</p>
      <Confirm
        button={t.accounts.remove}
        title={t.accounts.removeSure}
        submission={remove}
        explain={(error) => (isProblem(error, "last-superuser") ? t.accounts.lastSuperuser : undefined)}
      >
        <p>{t.accounts.deletionHint}</p>
        <CurrentPassword />
      </Confirm>
    </Card>
  );
}
