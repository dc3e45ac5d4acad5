import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { isProblem, once, queryClient, unwrap, type Schemas } from "../api.ts";
import { instant } from "../format.ts";
import { meQuery, signedInAs } from "../session.ts";
import { Confirm, Field, Form, Submit, text, useSubmission } from "../ui/form.tsx";
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
            {me.email} · {t.accounts.since(instant(me.created_at))}
            {me.is_superuser && ` · ${t.accounts.superuser}`}
          </p>
          <Name me={me} />
          <Email me={me} />
          <Password />
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

function Name({ me }: { me: User }) {
  const save = useSubmission((form) => unwrap(once.PATCH("/users/me", { body: { full_name: text(form, "full_name").trim() || null } })), keep);
  return (
    <Card title={t.accounts.fullName}>
      <Form submission={save} done={t.accounts.saved}>
        <Field name="full_name" label={t.accounts.fullName} autoComplete="name" maxLength={200} defaultValue={me.full_name ?? ""} />
        <Submit>{t.accounts.save}</Submit>
      </Form>
    </Card>
  );
}

function Email({ me }: { me: User }) {
  const change = useSubmission(
    (form) => unwrap(once.PATCH("/users/me", { body: { email: text(form, "email").trim(), current_password: text(form, "current_password") } })),
    keep,
  );
  return (
    <Card title={t.accounts.email}>
      <div className="space-y-3">
        {me.pending_email !== null && <Notice>{t.accounts.pendingEmail(me.pending_email, me.email)}</Notice>}
        <Form submission={change}>
          <EmailField label={t.accounts.newEmail} />
          <CurrentPassword />
          <Submit>{t.accounts.changeEmail}</Submit>
        </Form>
      </div>
    </Card>
  );
}

function Password() {
  const navigate = useNavigate();
  const change = useSubmission(
    (form) => unwrap(once.PUT("/users/me/password", { body: { current_password: text(form, "current_password"), new_password: text(form, "new_password") } })),
    async () => {
      await navigate({ to: "/sign-in", search: { next: "/account", after: "password" } });
      await signedInAs(null);
    },
  );
  return (
    <Card title={t.accounts.password}>
      <Form submission={change}>
        <CurrentPassword />
        <NewPassword name="new_password" label={t.accounts.newPassword} />
        <p className="text-sm text-soft">{t.accounts.passwordEnds}</p>
        <Submit>{t.accounts.changePassword}</Submit>
      </Form>
    </Card>
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
