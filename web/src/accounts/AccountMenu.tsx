import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { once, unwrap, type Schemas } from "../api.ts";
import { signedInAs } from "../session.ts";
import { closePopup, Popup } from "../shell/Popup.tsx";
import { Button, Failure } from "../ui/index.tsx";
import { t } from "../words/index.ts";

/** What one who is signed in can go to. */
export default function AccountMenu({ me }: { me: Schemas["User"] }) {
  const navigate = useNavigate();
  // Not a mutation: its code would come with every page of one who is signed in.
  const [leaving, setLeaving] = useState<{ isPending: boolean; error?: unknown }>({ isPending: false });
  const signOut = async () => {
    setLeaving({ isPending: true });
    try {
      await unwrap(once.DELETE("/login/session"));
      closePopup();
      await navigate({ to: "/" });
      await signedInAs(null);
    } catch (error) {
      setLeaving({ isPending: false, error });
    }
  };

  const name = me.full_name ?? me.email;
  const item = "block rounded-md px-2 py-1.5 text-ink no-underline hover:bg-sunk hover:no-underline";
  return (
    <Popup
      label={t.nav.yourAccount}
      buttonLabel={t.nav.accountOf(name)}
      button={
        <span aria-hidden className="inline-flex size-7 items-center justify-center rounded-full bg-tint font-semibold text-accent uppercase">
          {Array.from(name)[0]}
        </span>
      }
      buttonClass="inline-flex size-9 items-center justify-center rounded-md hover:bg-sunk"
      className="w-60"
    >
      <p className="px-2 pb-2">
        {me.full_name !== null && <span className="block truncate font-medium">{me.full_name}</span>}
        <span className="block truncate text-soft">{me.email}</span>
      </p>
      <nav aria-label={t.nav.yourAccount} className="border-y border-line py-1">
        <Link to="/account" className={item}>
          {t.nav.account}
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
      {leaving.error !== undefined && <Failure error={leaving.error} />}
      <Button kind="quiet" className="mt-1 w-full" aria-disabled={leaving.isPending} onClick={() => leaving.isPending || void signOut()}>
        {t.nav.signOut}
      </Button>
    </Popup>
  );
}
