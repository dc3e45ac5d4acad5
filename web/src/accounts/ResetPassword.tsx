import { Link } from "@tanstack/react-router";
import { once, queryClient, unwrap } from "../api.ts";
import { meQuery } from "../session.ts";
import { Submit, text, useSubmission } from "../ui/form.tsx";
import { t } from "../words/index.ts";
import { MailedLink } from "./MailedLink.tsx";
import { NewPassword } from "./parts.tsx";
import { useLinkToken } from "./token.ts";

/** Sets a new password with the link of the mail. */
export default function ResetPassword() {
  const token = useLinkToken();
  const reset = useSubmission(
    (form) => unwrap(once.POST("/reset-password", { body: { token: token ?? "", new_password: text(form, "new_password") } })),
    // A session of this browser may have ended with the old password.
    () => queryClient.invalidateQueries({ queryKey: meQuery.queryKey }),
  );
  return (
    <MailedLink
      title={t.accounts.resetTitle}
      token={token}
      submission={reset}
      done={
        <>
          <p>{t.accounts.passwordReset}</p>
          <Link to="/sign-in">{t.accounts.signIn}</Link>
        </>
      }
      again={<Link to="/recover-password">{t.accounts.recoverAgain}</Link>}
    >
      <NewPassword name="new_password" label={t.accounts.newPassword} />
      <Submit>{t.accounts.setPassword}</Submit>
    </MailedLink>
  );
}
