import { Link } from "@tanstack/react-router";
import { isProblem, once, unwrap } from "../api.ts";
import { Submit, useSubmission } from "../ui/form.tsx";
import { t } from "../words/index.ts";
import { MailedLink } from "./MailedLink.tsx";
import { useLinkToken } from "./token.ts";

/** Begins an account with the link of its mail. */
export default function Activate() {
  const token = useLinkToken();
  const activate = useSubmission(() => unwrap(once.POST("/users/activate", { body: { token: token ?? "" } })));
  const signIn = <Link to="/sign-in">{t.accounts.signIn}</Link>;
  return (
    <MailedLink
      title={t.accounts.activateTitle}
      token={token}
      submission={activate}
      done={
        <>
          <p>{t.accounts.activated}</p>
          {signIn}
        </>
      }
      again={<Link to="/register">{t.accounts.registerAgain}</Link>}
      explain={(error) => {
        if (isProblem(error, "forbidden")) return t.accounts.closed;
        if (!isProblem(error, "conflict")) return undefined;
        return (
          <>
            <p>{t.accounts.alreadyAccount}</p>
            {signIn}
          </>
        );
      }}
    >
      <p className="text-sm">{t.accounts.activateHint}</p>
      <Submit>{t.accounts.activate}</Submit>
    </MailedLink>
  );
}
