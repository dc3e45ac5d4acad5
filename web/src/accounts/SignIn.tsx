import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { isProblem, once, queryClient, unwrap } from "../api.ts";
import { meQuery, signedInAs } from "../session.ts";
import { Field, Form, Submit, text, useSubmission } from "../ui/form.tsx";
import { Button, Notice } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { EmailField, Narrow } from "./parts.tsx";

/** Signs in: with email and password, and with a code where the account has a second factor. */
export default function SignIn() {
  const { next = "/", after } = useSearch({ from: "/sign-in" });
  const [attempt, setAttempt] = useState(0);
  const [already] = useState(() => queryClient.getQueryData(meQuery.queryKey));
  const go = useGo();
  if (already && after === undefined) {
    return (
      <Narrow title={t.accounts.signIn}>
        <p className="text-sm">{t.accounts.already(already.email)}</p>
        <Button kind="primary" onClick={() => void go(next)}>
          {t.accounts.goOn}
        </Button>
      </Narrow>
    );
  }
  return (
    <Narrow
      title={t.accounts.signIn}
      below={
        <>
          <p>
            <Link to="/recover-password">{t.accounts.forgotten}</Link>
          </p>
          <p>
            <Link to="/register">{t.accounts.registerHere}</Link>
          </p>
        </>
      }
    >
      {after !== undefined && attempt === 0 && <Notice tone="good">{t.accounts.after[after]}</Notice>}
      <SignInForm key={attempt} next={next} again={() => setAttempt(attempt + 1)} />
    </Narrow>
  );
}

/** Goes to an address of the server, which has some that the page does not know. */
function useGo() {
  const router = useRouter();
  return async (next: string) => {
    if (router.getMatchedRoutes(next.replace(/[?#].*/, ""))[2]) await router.navigate({ href: next, replace: true });
    else location.assign(next);
  };
}

function SignInForm({ next, again }: { next: string; again: () => void }) {
  const go = useGo();
  const [sentCode, setSentCode] = useState(false);

  const signIn = useSubmission(
    (form) => {
      const otp = text(form, "otp").trim();
      setSentCode(otp !== "");
      return unwrap(once.POST("/login/session", { body: { email: text(form, "email").trim(), password: text(form, "password"), ...(otp && { otp }) } }));
    },
    async (user) => {
      await signedInAs(user);
      await go(next);
    },
  );
  const [asked, setAsked] = useState(false);
  const needsCode = isProblem(signIn.error, "second-factor-required");
  if (needsCode && !asked) setAsked(true);

  return (
    <Form
      submission={signIn}
      explain={(error) => {
        if (isProblem(error, "second-factor-required")) return sentCode ? t.accounts.wrongCode : null;
        return isProblem(error, "unauthenticated") ? t.accounts.wrongPassword : undefined;
      }}
    >
      <div className="space-y-3" hidden={asked}>
        <EmailField />
        <Field name="password" label={t.accounts.password} type="password" autoComplete="current-password" maxLength={1000} required />
      </div>
      {asked && <Field name="otp" label={t.accounts.code} hint={t.accounts.codeHint} autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} maxLength={100} required autoFocus />}
      <div className="flex flex-wrap gap-2">
        <Submit>{t.accounts.signIn}</Submit>
        {asked && <Button onClick={again}>{t.accounts.otherAccount}</Button>}
      </div>
    </Form>
  );
}
