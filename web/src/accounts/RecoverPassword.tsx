import { Link } from "@tanstack/react-router";
import { once, unwrap } from "../api.ts";
import { Form, Submit, text, useSubmission } from "../ui/form.tsx";
import { Notice } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { EmailField, Narrow } from "./parts.tsx";

/** Asks for a mail with a link to set a new password. */
export default function RecoverPassword() {
  const recover = useSubmission((form) => unwrap(once.POST("/password-recovery", { body: { email: text(form, "email").trim() } })));
  return (
    <Narrow title={t.accounts.recoverTitle} below={<Link to="/sign-in">{t.accounts.backToSignIn}</Link>}>
      {recover.isSuccess ? (
        <Notice tone="good">{t.accounts.recoverSent}</Notice>
      ) : (
        <Form submission={recover}>
          <p className="text-sm">{t.accounts.recoverHint}</p>
          <EmailField />
          <Submit>{t.accounts.recover}</Submit>
        </Form>
      )}
    </Narrow>
  );
}
