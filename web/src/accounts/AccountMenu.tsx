import { Link } from "@tanstack/react-router";
import { t } from "../words/index.ts";

/** The way in. */
export default function AccountMenu() {
  return (
    <Link to="/sign-in" className="whitespace-nowrap">
      {t.nav.signIn}
    </Link>
  );
}
