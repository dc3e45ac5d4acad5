import { Link, useRouter, useRouterState, type ErrorComponentProps } from "@tanstack/react-router";
import { useEffect } from "react";
import { isAway, isProblem } from "../api.ts";
import { Search } from "../companies/Search.tsx"; // newproject:companies
import { Away, reachServer } from "../lazy.ts";
import { Button, buttonClass, Failure, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";

/** What an address shows that leads nowhere. */
export function NotFound() {
  useTitle(t.state.notFound);
  const path = useRouterState({ select: (s) => s.location.pathname });
  return (
    <div className="mx-auto max-w-xl space-y-4 py-12 text-center">
      <h1>{t.state.notFound}</h1>
      <p className="font-mono text-sm break-all">{path}</p>
      <p className="text-soft">{t.state.notFoundHint}</p>
      {/* newproject:companies */}
      <Search big className="text-left" />
      {/* newproject:end */}
      <p>
        <Link to="/" className={buttonClass("primary")}>
          {t.state.home}
        </Link>
      </p>
    </div>
  );
}

/** What a page shows whose code could not be loaded, or failed. */
export function Crashed({ error }: ErrorComponentProps) {
  const router = useRouter();
  useTitle(t.state.crashed);
  const away = error instanceof Away;
  useEffect(() => {
    if (!away) return;
    const timer = setInterval(() => void reachServer().then(() => location.reload(), () => undefined), 5_000);
    return () => clearInterval(timer);
  }, [away]);
  if (isProblem(error) && error.status === 404) return <NotFound />;
  // A browser says of code that does not come what it says of data.
  if (isProblem(error) || isAway(error)) return <Failure error={error} retry={() => location.reload()} />;
  return (
    <div role="alert" className="mx-auto max-w-xl space-y-4 py-12 text-center">
      <h1>{t.state.crashed}</h1>
      <p className="text-soft">{t.state.crashedHint}</p>
      <p className="flex justify-center gap-2">
        <Button kind="primary" onClick={() => location.reload()}>
          {t.state.reload}
        </Button>
        <Button onClick={() => void router.navigate({ to: "/", search: {} })}>{t.state.home}</Button>
      </p>
      <pre className="overflow-x-auto rounded-md bg-sunk p-3 text-left text-xs whitespace-pre-wrap">{String(error)}</pre>
    </div>
  );
}
