import { useIsFetching } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { Suspense, useEffect, useState } from "react";
import { useAsOf, useSetAsOf, yearsAway } from "../asof.ts"; // newproject:companies
import { AsOf } from "../companies/AsOf.tsx"; // newproject:companies
import { Search } from "../companies/Search.tsx"; // newproject:companies
import { day } from "../format.ts"; // newproject:companies
import { lazyPart } from "../lazy.ts";
import { page } from "../page.ts";
import { useMe } from "../session.ts";
import { setTheme, useTheme, type Theme } from "../theme.ts";
import { Choice, cx, SignInLink } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { useAway } from "./away.ts";
import { Icon } from "./Icon.tsx";
import { useShortcuts, type Shortcut } from "./keys.ts";
import { closePopup, Popup } from "./Popup.tsx";

const AccountMenu = lazyPart(() => import("../accounts/AccountMenu.tsx"));
const Keys = lazyPart(() => import("./Keys.tsx"));

const colours = {
  production: { line: "", name: "" },
  staging: { line: "bg-warn", name: "text-warn" },
  development: { line: "bg-series-3", name: "text-series-3" },
};
const environment = colours[page.environment in colours ? (page.environment as keyof typeof colours) : "development"];

/** What is around every page. */
export function Shell() {
  const [help, setHelp] = useState(false);
  const navigate = useNavigate();
  const asOf = useAsOf(); // newproject:companies
  const setAsOf = useSetAsOf(); // newproject:companies
  const shortcuts: Shortcut[] = [
    // newproject:companies
    { keys: "/", what: t.keys.search, run: () => document.querySelector<HTMLElement>("main [data-search], [data-search]")?.focus() },
    { keys: "[", what: t.keys.back, run: () => setAsOf(yearsAway(asOf, -1)) },
    { keys: "]", what: t.keys.forward, run: () => setAsOf(yearsAway(asOf, 1)) },
    { keys: "t", what: t.keys.today, run: () => setAsOf(undefined) },
    // newproject:end
    { keys: "g h", what: t.keys.home, run: () => void navigate({ to: "/" }) },
    // newproject:companies
    { keys: "g c", what: t.keys.companies, run: () => void navigate({ to: "/companies" }) },
    { keys: "g v", what: t.keys.compare, run: () => void navigate({ to: "/compare" }) },
    { keys: "g m", what: t.keys.metrics, run: () => void navigate({ to: "/metrics" }) },
    // newproject:end
    { keys: "?", what: t.keys.help, run: () => setHelp(true) },
  ];
  useShortcuts(shortcuts);
  return (
    <div className="flex min-h-dvh flex-col print:block">
      {environment.line && <div aria-hidden className={cx("h-1 print:hidden", environment.line)} />}
      <a
        href="#main"
        onClick={(e) => {
          e.preventDefault();
          document.getElementById("main")?.focus();
        }}
        className="sr-only z-40 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t.nav.skip}
      </a>
      <header className="sticky top-0 z-30 border-b border-line bg-card print:hidden">
        <div className="relative mx-auto flex h-13 max-w-7xl items-center gap-2 px-4 sm:gap-3">
          <Link to="/" aria-label={page.project} className="flex shrink-0 items-center gap-2 font-bold text-ink no-underline">
            <img src="/favicon.ico" alt="" width="26" height="26" />
            <span className="max-sm:hidden">{page.project}</span>
          </Link>
          {/* newproject:companies */}
          <nav aria-label={t.nav.main} className="flex gap-1 text-sm max-md:hidden">
            <Ways className="rounded-md px-2 py-1" />
          </nav>
          {/* newproject:end */}
          <div className="flex-1" />
          {/* newproject:companies */}
          <HeaderSearch />
          <AsOf />
          {/* newproject:end */}
          <div className="shrink-0 text-sm">
            <Account />
          </div>
          <Popup label={t.nav.menu} buttonLabel={t.nav.menu} button={<Icon name="menu" className="size-5" />} buttonClass="inline-flex size-9 shrink-0 items-center justify-center rounded-md hover:bg-sunk" className="w-64">
            <div className="space-y-3">
              {/* newproject:companies */}
              <nav aria-label={t.nav.main} className="grid gap-1 md:hidden">
                <Ways className="rounded-md px-2 py-2" />
              </nav>
              {/* newproject:end */}
              <Themes />
              <button
                type="button"
                className="block w-full rounded-md px-2 py-2 text-left text-accent hover:bg-sunk"
                onClick={() => {
                  closePopup();
                  setHelp(true);
                }}
              >
                {t.nav.keys} <kbd className="ml-1 rounded border border-line bg-sunk px-1.5 text-xs text-ink">?</kbd>
              </button>
            </div>
          </Popup>
        </div>
        <Progress />
      </header>
      <Away />
      <main id="main" tabIndex={-1} className="mx-auto w-full max-w-7xl flex-1 px-4 py-5 outline-none print:max-w-none print:p-0">
        <Outlet />
      </main>
      <PrintedSource />
      <footer className="border-t border-line text-xs text-soft print:hidden">
        <div className="mx-auto flex max-w-7xl flex-wrap items-center gap-x-4 gap-y-1 px-4 py-4">
          <span>
            {page.project} {page.version}
          </span>
          {environment.name && <span className={cx("font-semibold", environment.name)}>{t.nav.environment(page.environment)}</span>}
          <span className="flex-1 max-sm:hidden" />
          <a href="/docs">{t.nav.api}</a>
          <a href="/redoc">{t.nav.reference}</a>
        </div>
      </footer>
      <Announcer />
      {help && (
        <Suspense>
          <Keys shortcuts={shortcuts} onClose={() => setHelp(false)} />
        </Suspense>
      )}
    </div>
  );
}

// newproject:companies
/** The links of the navigation. */
function Ways({ className }: { className: string }) {
  const look = { className: cx("no-underline hover:bg-sunk hover:no-underline aria-[current]:bg-tint aria-[current]:text-ink", className), activeOptions: { includeSearch: false } };
  return (
    <>
      <Link to="/companies" {...look}>
        {t.nav.companies}
      </Link>
      <Link to="/compare" {...look}>
        {t.nav.compare}
      </Link>
      <Link to="/metrics" {...look}>
        {t.nav.metrics}
      </Link>
    </>
  );
}

/** The search of every page but the start, which has its own. On narrow screens it grows when it is used. */
function HeaderSearch() {
  const home = useRouterState({ select: (s) => s.location.pathname === "/" });
  if (home) return null;
  return (
    <Search className="max-sm:w-9 max-sm:shrink-0 max-sm:not-focus-within:[&_input]:px-0 max-sm:not-focus-within:[&_input]:text-transparent max-sm:not-focus-within:[&_input]:placeholder:text-transparent max-sm:focus-within:absolute max-sm:focus-within:inset-x-3 max-sm:focus-within:z-10 max-sm:focus-within:w-auto sm:w-56 lg:w-72" />
  );
}
// newproject:end

/** Who is signed in. While it is not known, as without an answer, one may try to sign in. */
function Account() {
  const me = useMe();
  return me ? (
    <Suspense fallback={<span className="block size-9" />}>
      <AccountMenu me={me} />
    </Suspense>
  ) : (
    <SignInLink className="whitespace-nowrap">{t.nav.signIn}</SignInLink>
  );
}

function Themes() {
  const theme = useTheme();
  return (
    <div>
      <p className="mb-1 px-2 text-xs text-soft">{t.nav.theme}</p>
      <Choice
        label={t.nav.theme}
        name="theme"
        value={theme}
        options={(["system", "light", "dark"] as const satisfies Theme[]).map((value) => ({ value, label: t.nav.themes[value] }))}
        onChange={setTheme}
      />
    </div>
  );
}

/** A line that moves while something loads for longer than a moment. */
function Progress() {
  const loading = useRouterState({ select: (s) => s.isLoading });
  const fetching = useIsFetching() > 0;
  return <div aria-hidden className="relative h-0">{(loading || fetching) && <div className="progress" />}</div>;
}

/** Says that the browser or the server is away. */
function Away() {
  const away = useAway();
  return (
    <div role="status" className="print:hidden">
      {away && (
        <p className="border-b border-warn bg-warn-tint px-4 py-2 text-center text-sm text-warn">
          {away === "offline" ? t.state.offline : `${t.state.away} ${t.state.awayHint}`}
        </p>
      )}
    </div>
  );
}

/** Moves the focus to a new page, and has its title read out. */
function Announcer() {
  const router = useRouter();
  const [title, setTitle] = useState("");
  useEffect(
    () =>
      router.subscribe("onResolved", ({ fromLocation, toLocation, pathChanged }) => {
        if (fromLocation && pathChanged && toLocation.hash === "") document.getElementById("main")?.focus({ preventScroll: true });
      }),
    [router],
  );
  useEffect(() => {
    const head = document.querySelector("title");
    if (!head) return;
    const watch = new MutationObserver(() => setTitle(document.title));
    watch.observe(head, { childList: true, characterData: true, subtree: true });
    return () => watch.disconnect();
  }, []);
  return (
    <p aria-live="polite" className="sr-only">
      {title}
    </p>
  );
}

/** On paper: where this is from, and of which day. */
function PrintedSource() {
  const href = useRouterState({ select: (s) => s.location.href });
  const asOf = useAsOf(); // newproject:companies
  return (
    <p className="mt-6 hidden border-t border-line pt-2 text-xs text-soft print:block">
      {/* newproject:companies */}
      <span className="mr-3">{t.asOf.day(day(asOf ?? new Date().toISOString().slice(0, 10)))}</span>
      {/* newproject:end */}
      {t.nav.source(location.origin + href)}
    </p>
  );
}
