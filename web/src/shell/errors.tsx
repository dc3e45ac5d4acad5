import { Link, useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { isProblem } from "../api.ts";
import { Button, buttonClass, Failure, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";

/** What an address shows that leads nowhere. */
export function NotFound() {
  useTitle(t.state.notFound);
  return (
    <div className="mx-auto max-w-xl space-y-3 py-16 text-center">
      <h1>{t.state.notFound}</h1>
      <p className="text-soft">{t.state.notFoundHint}</p>
      <Link to="/" className={buttonClass("primary")}>
        {t.state.home}
      </Link>
    </div>
  );
}

/** What a page shows whose code could not be loaded, or failed. */
export function Crashed({ error }: ErrorComponentProps) {
  const router = useRouter();
  if (isProblem(error)) return error.status === 404 ? <NotFound /> : <Failure error={error} retry={() => void router.invalidate()} />;
  return (
    <div role="alert" className="mx-auto max-w-xl space-y-3 py-16 text-center">
      <h1>{t.state.crashed}</h1>
      <p className="text-soft">{t.state.awayHint}</p>
      <Button kind="primary" onClick={() => location.reload()}>
        {t.state.reload}
      </Button>
    </div>
  );
}
