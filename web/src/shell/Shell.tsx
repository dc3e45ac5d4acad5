import { Link, Outlet } from "@tanstack/react-router";
import { page } from "../page.ts";
import { t } from "../words/index.ts";

/** What is around every page. */
export function Shell() {
  return (
    <div className="flex min-h-dvh flex-col">
      <a href="#main" className="sr-only focus:not-sr-only">
        {t.nav.skip}
      </a>
      <header className="border-b border-line bg-card print:hidden">
        <div className="mx-auto flex max-w-7xl flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2">
          <Link to="/" className="font-bold no-underline">
            {page.project}
          </Link>
          <nav aria-label={t.nav.main} className="flex flex-wrap gap-3 text-sm">
            {/* newproject:companies */}
            <Link to="/companies">{t.nav.companies}</Link>
            <Link to="/compare">{t.nav.compare}</Link>
            <Link to="/metrics">{t.nav.metrics}</Link>
            {/* newproject:end */}
          </nav>
        </div>
      </header>
      <main id="main" tabIndex={-1} className="mx-auto w-full max-w-7xl flex-1 px-4 py-5">
        <Outlet />
      </main>
      <footer className="border-t border-line px-4 py-3 text-center text-xs text-soft print:hidden">
        {page.project} {page.version}
      </footer>
    </div>
  );
}
