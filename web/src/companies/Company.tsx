import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { isProblem, type Schemas } from "../api.ts";
import { useAsOf } from "../asof.ts";
import { ago, compact, day, instant, monthAndDay, regionName } from "../format.ts";
import { useMe } from "../session.ts";
import { cx, Failure, Loading, Notice, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { periodTo } from "./period.ts";
import { companyQuery } from "./queries.ts";
import { UnknownCompany } from "./UnknownCompany.tsx";

const tabs = [
  { to: "/companies/$ticker", name: t.company.statements },
  { to: "/companies/$ticker/metrics", name: t.company.metrics },
  { to: "/companies/$ticker/charts", name: t.company.charts },
  { to: "/companies/$ticker/ratios", name: t.company.ratios },
  { to: "/companies/$ticker/dividends", name: t.company.dividends },
] as const;
const entries = { to: "/companies/$ticker/entries", name: t.company.entries } as const;

/** A company's frame: who it is, and the ways to its pages. */
export default function Company() {
  const { ticker } = useParams({ from: "/companies/$ticker" });
  const { data, error, refetch } = useQuery(companyQuery(ticker));
  const me = useMe();
  const path = useLocation({ select: (l) => l.pathname.replace(/\/$/, "") });
  const all = me?.is_superuser ? [...tabs, entries] : tabs;
  const shown = [...tabs, entries].find(({ to }) => path.endsWith(to.replace("/companies/$ticker", "") || "\n"))?.name ?? t.company.statements;
  useTitle(data && t.company.title(data.name, shown));
  if (isProblem(error, "not-found")) return <UnknownCompany ticker={ticker} />;
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  return (
    <>
      {data ? <Head company={data} /> : <Loading rows={2} />}
      <nav aria-label={t.company.pages} className="mt-3 mb-4 -mx-4 overflow-x-auto border-b border-line px-4 print:hidden">
        <div className="flex gap-1">
          {all.map(({ to, name }) => (
            <Link
              key={to}
              to={to}
              params={{ ticker }}
              activeOptions={{ exact: true, includeSearch: false }}
              className="-mb-px border-b-2 border-transparent px-2.5 py-2 text-sm whitespace-nowrap text-soft no-underline -outline-offset-2 hover:text-ink hover:no-underline aria-[current]:border-accent aria-[current]:font-semibold aria-[current]:text-ink"
            >
              {name}
            </Link>
          ))}
        </div>
      </nav>
      <Outlet />
    </>
  );
}

type CompanyOf = Schemas["Company"];

function Head({ company }: { company: CompanyOf }) {
  const asOf = useAsOf();
  const first = company.ciks.map((c) => c.first_day).find((d) => d !== null);
  return (
    <header className="space-y-1.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <h1>{company.name}</h1>
        <span className="flex flex-wrap gap-1.5">
          {company.listings.map((l) => (
            <Chip key={`${l.ticker} ${l.first_day ?? ""}`} listing={l} />
          ))}
        </span>
      </div>
      <p className="flex flex-wrap gap-x-3 text-sm text-soft">
        {company.sic_description !== null && <span>{company.sic_description}</span>}
        <Place company={company} />
        {/* Both are of today. */}
        {asOf === undefined && company.number_of_shares !== null && (
          <span>
            {t.company.shares}: {compact(company.number_of_shares)}
          </span>
        )}
        {asOf === undefined && company.newest_statement && (
          <span>
            {t.company.newest}: {periodTo(company.newest_statement)}
          </span>
        )}
        {company.facts_read_at === null ? (
          <span>{t.company.neverRead}</span>
        ) : (
          <time dateTime={company.facts_read_at} title={instant(company.facts_read_at)}>
            {t.company.read(ago(company.facts_read_at))}
          </time>
        )}
        <Link to="/compare" search={{ tickers: company.ticker } as object} className="print:hidden">
          {t.company.compare}
        </Link>
      </p>
      {company.last_day !== null && <Notice tone="warn">{t.company.companyEnded(day(company.last_day))}</Notice>}
      {asOf !== undefined && first != null && asOf < first ? (
        <Notice tone="warn">
          {t.company.beforeFirst(day(first))}{" "}
          <Link to="." search={(old) => ({ ...old, as_of: first })}>
            {t.company.goToFirst}
          </Link>
        </Notice>
      ) : (
        asOf !== undefined && <p className="text-xs text-warn">{t.company.asOfNote}</p>
      )}
      <About company={company} />
    </header>
  );
}

/** A listing in a few letters. */
function Chip({ listing: { ticker, exchange, primary, last_day } }: { listing: Schemas["Listing"] }) {
  return (
    <span className={cx("rounded border px-1.5 py-0.5 text-xs whitespace-nowrap", primary ? "border-accent font-semibold text-accent" : "border-line text-soft")}>
      {ticker}
      {exchange !== null && <span className="font-normal"> · {exchange}</span>}
      {last_day !== null && <span className="font-normal"> · {t.company.ended(day(last_day))}</span>}
    </span>
  );
}

function Place({ company: { state, country } }: { company: CompanyOf }) {
  const parts = [state, country === null ? null : regionName(country)].filter((p) => p !== null);
  return parts.length > 0 && <span>{[...new Set(parts)].join(", ")}</span>;
}

/** An address that leads where it says: not one that a script hides in. */
const webAddress = (url: string) => (/^https?:\/\//i.test(url) ? url : undefined);

/** The rest of what is known about it, on demand. */
function About({ company }: { company: CompanyOf }) {
  const website = company.url === null ? undefined : webAddress(company.url);
  const rows: [string, ReactNode][] = [];
  const add = (name: string, value: ReactNode) => {
    if (value !== null && value !== undefined) rows.push([name, value]);
  };
  if (company.sic !== null) add(t.company.sector, `${company.sic_description ?? ""} (${t.company.sic(company.sic)})`.trim());
  add(t.company.incorporated, company.state);
  add(t.company.country, company.country && regionName(company.country));
  add(t.company.fiscalYearEnd, company.fiscal_year_end && monthAndDay(company.fiscal_year_end));
  add(t.company.ipo, company.ipo_date && day(company.ipo_date));
  add(
    t.company.website,
    website && (
      <a href={website} rel="noopener noreferrer">
        {website.replace(/^https?:\/\/(www\.)?|\/$/gi, "")}
      </a>
    ),
  );
  if (company.ciks.length > 0)
    add(
      t.company.cik,
      <ul>
        {company.ciks.map((c) => (
          <li key={c.cik}>
            <a href={`https://www.sec.gov/edgar/browse/?CIK=${c.cik}`} rel="noopener noreferrer" aria-label={t.company.edgar(String(c.cik))}>
              {c.cik}
            </a>
            {c.first_day !== null && c.last_day !== null && <span className="text-soft"> {t.company.filed(day(c.first_day), day(c.last_day))}</span>}
          </li>
        ))}
      </ul>,
    );
  if (company.former_names.length > 0)
    add(
      t.company.formerNames,
      <ul>
        {company.former_names.map((n) => (
          <li key={`${n.name} ${n.to ?? ""}`}>
            {n.name}
            {n.to !== null && <span className="text-soft"> {t.company.nameUntil(day(n.to))}</span>}
          </li>
        ))}
      </ul>,
    );
  return (
    <details className="text-sm print:hidden">
      <summary className="w-fit text-accent">{t.company.about}</summary>
      <div className="mt-2 grid gap-4 rounded-lg border border-line bg-card p-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <dl className="grid grid-cols-[auto_minmax(0,1fr)] content-start gap-x-4 gap-y-1">
          {rows.map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-soft">{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <Listings listings={company.listings} />
      </div>
    </details>
  );
}

function Listings({ listings }: { listings: Schemas["Listing"][] }) {
  const columns: { name: string; value: (l: Schemas["Listing"]) => ReactNode }[] = [
    { name: t.company.exchange, value: (l) => l.exchange },
    { name: t.company.shareClass, value: (l) => l.share_class },
    { name: t.company.currency, value: (l) => l.currency },
    { name: t.company.isin, value: (l) => l.isin },
    { name: t.company.ordinaryShares, value: (l) => l.ordinary_shares },
    { name: t.company.since, value: (l) => l.first_day && day(l.first_day) },
    { name: t.company.until, value: (l) => l.last_day && day(l.last_day) },
  ];
  const used = columns.filter((c) => listings.some((l) => c.value(l) !== null));
  return (
    <div role="region" aria-label={t.company.listings} tabIndex={0} className="overflow-x-auto">
      <table className="w-full">
        <caption className="sr-only">{t.company.listings}</caption>
        <thead>
          <tr className="text-left text-soft">
            <th scope="col" className="py-1 pr-4 font-normal">
              {t.company.listing}
            </th>
            {used.map((c) => (
              <th key={c.name} scope="col" className="py-1 pr-4 font-normal whitespace-nowrap">
                {c.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {listings.map((l) => (
            <tr key={`${l.ticker} ${l.first_day ?? ""}`} className={cx("border-t border-line", l.last_day !== null && "text-soft")}>
              <th scope="row" className="py-1 pr-4 text-left font-medium whitespace-nowrap">
                {l.ticker}
                {l.primary && <span className="ml-2 text-xs font-normal text-accent">{t.company.primary}</span>}
              </th>
              {used.map((c) => (
                <td key={c.name} className="py-1 pr-4 whitespace-nowrap">
                  {c.value(l)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
