import { Link } from "@tanstack/react-router";
import { isProblem, once, queryClient, unwrap } from "../api.ts";
import { meQuery } from "../session.ts";
import { Submit, useSubmission } from "../ui/form.tsx";
import { t } from "../words/index.ts";
import { MailedLink } from "./MailedLink.tsx";
import { useLinkToken } from "./token.ts";

/** Confirms a new address with the link of the mail to it. */
export default function ConfirmEmail() {
  const token = useLinkToken();
  const confirm = useSubmission(
    () => unwrap(once.POST("/users/confirm-email", { body: { token: token ?? "" } })),
    () => queryClient.invalidateQueries({ queryKey: meQuery.queryKey }),
  );
  const account = <Link to="/account">{t.accounts.toAccount}</Link>;
  return (
    <MailedLink
      title={t.accounts.confirmEmailTitle}
      token={token}
      submission={confirm}
      done={
        <>
          <p>{t.accounts.emailConfirmed}</p>
          {account}
        </>
      }
      again={account}
      explain={(error) => (isProblem(error) && error.status === 409 ? t.accounts.emailTaken : undefined)}
    >
      <p className="text-sm">{t.accounts.confirmEmailHint}</p>
      <Submit>{t.accounts.confirmEmail}</Submit>
    </MailedLink>
  );
}
