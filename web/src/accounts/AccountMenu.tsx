import { Link, useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { once, unwrap } from "../api.ts";
import { signedInAs, useMe } from "../session.ts";
import { Form, Submit, useSubmission } from "../ui/form.tsx";
import { buttonClass, SignInLink } from "../ui/index.tsx";
import { t } from "../words/index.ts";

/** A link to sign in, or what one who is signed in can go to. */
export default function AccountMenu() {
  const me = useMe();
  const navigate = useNavigate();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const signOut = useSubmission(
    () => unwrap(once.DELETE("/login/session")),
    async () => {
      await signedInAs(null);
      await navigate({ to: "/" });
    },
  );
  if (me === undefined) return null;
  if (me === null) return <SignInLink className={buttonClass()}>{t.accounts.signIn}</SignInLink>;

  const place = () => {
    if (!button.current || !menu.current) return;
    const at = button.current.getBoundingClientRect();
    menu.current.style.top = `${at.bottom + 4}px`;
    menu.current.style.right = `${Math.max(8, document.documentElement.clientWidth - at.right)}px`;
  };
  const item = "block rounded px-2 py-1.5 text-ink no-underline hover:bg-sunk hover:no-underline";
  return (
    <>
      <button ref={button} type="button" popoverTarget="account-menu" className={`${buttonClass()} max-w-44`}>
        <span className="sr-only">{t.accounts.menu}</span>
        <span className="truncate">{me.full_name ?? me.email}</span>
        <span aria-hidden>▾</span>
      </button>
      <div
        ref={menu}
        id="account-menu"
        popover="auto"
        onBeforeToggle={place}
        className="fixed inset-auto m-0 w-56 rounded-md border border-line bg-card p-2 text-sm text-ink shadow-lg"
        onClick={(event) => event.target instanceof HTMLAnchorElement && menu.current?.hidePopover()}
      >
        <p className="truncate px-2 pb-2 text-soft">{me.email}</p>
        <nav aria-label={t.accounts.menu} className="border-y border-line py-1">
          <Link to="/account" className={item}>
            {t.accounts.account}
          </Link>
          {me.is_superuser && (
            <>
              {/* newproject:companies */}
              <Link to="/imports" className={item}>
                {t.nav.imports}
              </Link>
              <Link to="/syncs" className={item}>
                {t.nav.syncs}
              </Link>
              {/* newproject:end */}
              <Link to="/users" className={item}>
                {t.nav.users}
              </Link>
              <Link to="/audit-events" className={item}>
                {t.nav.audit}
              </Link>
              <a href="/jobs" className={item}>
                {t.nav.jobs}
              </a>
            </>
          )}
        </nav>
        <Form submission={signOut} className="pt-1">
          <Submit kind="quiet" className="w-full">
            {t.accounts.signOut}
          </Submit>
        </Form>
      </div>
    </>
  );
}
