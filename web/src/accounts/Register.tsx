import { Link } from "@tanstack/react-router";
import { isProblem, once, unwrap } from "../api.ts";
import { Field, Form, Submit, text, useSubmission } from "../ui/form.tsx";
import { Notice } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { EmailField, Narrow, NewPassword } from "./parts.tsx";

/** Asks for an account, where anybody may. */
export default function Register() {
  const register = useSubmission((form) => {
    const full_name = text(form, "full_name").trim();
    return unwrap(once.POST("/users/open", { body: { email: text(form, "email").trim(), password: text(form, "password"), ...(full_name && { full_name }) } }));
  });
  return (
    <Narrow title={t.accounts.register} below={<Link to="/sign-in">{t.accounts.haveAccount}</Link>}>
      {register.isSuccess ? (
        <Notice tone="good">{t.accounts.registered}</Notice>
      ) : (
        <Form submission={register} explain={(error) => (isProblem(error, "forbidden") ? t.accounts.closed : undefined)}>
          <EmailField />
          <NewPassword name="password" label={t.accounts.password} />
          <Field name="full_name" label={t.accounts.fullNameOptional} autoComplete="name" maxLength={200} />
          <Submit>{t.accounts.register}</Submit>
        </Form>
      )}
    </Narrow>
  );
}
