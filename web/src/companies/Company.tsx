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
  if (isProblem(error, "not-found", "invalid")) return <UnknownCompany ticker={ticker} />;
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

type Detail = readonly [name: string, value: (of: CompanyOf) => ReactNode];

/**
 * Where each field of a company is: a row below, `head` above, within another, or nowhere as it is not for people. A new field
 * of the contract is an error here until it has its place.
 */
const fields = {
  sic: [t.company.sector, ({ sic, sic_description }) => sic && `${sic_description ?? ""} (${t.company.sic(sic)})`.trim()],
  state: [t.company.incorporated, ({ state }) => state],
  country: [t.company.country, ({ country }) => country && regionName(country)],
  fiscal_year_end: [t.company.fiscalYearEnd, ({ fiscal_year_end }) => fiscal_year_end && monthAndDay(fiscal_year_end)],
  ipo_date: [t.company.ipo, ({ ipo_date }) => ipo_date && day(ipo_date)],
  url: [t.company.website, ({ url }) => url !== null && webAddress(url) && <Website url={url} />],
  ciks: [t.company.cik, ({ ciks }) => ciks.length > 0 && <Ciks ciks={ciks} />],
  former_names: [t.company.formerNames, ({ former_names }) => former_names.length > 0 && <FormerNames names={former_names} />],
  name: "head",
  listings: "head",
  sic_description: "head",
  number_of_shares: "head",
  newest_statement: "head",
  facts_read_at: "head",
  last_day: "head",
  ticker: "listings",
  cik: "ciks",
  former_ciks: "ciks",
  has_statements: "newest_statement",
  id: null,
  created_at: null,
  updated_at: null,
} satisfies Record<keyof CompanyOf, Detail | "head" | keyof CompanyOf | null>;

const details = Object.values<Detail | string | null>(fields).filter((f): f is Detail => Array.isArray(f));

const Website = ({ url }: { url: string }) => (
  <a href={url} rel="noopener noreferrer">
    {url.replace(/^https?:\/\/(www\.)?|\/$/gi, "")}
  </a>
);

const Ciks = ({ ciks }: { ciks: CompanyOf["ciks"] }) => (
  <ul>
    {ciks.map((c) => (
      <li key={c.cik}>
        <a href={`https://www.sec.gov/edgar/browse/?CIK=${c.cik}`} rel="noopener noreferrer" aria-label={t.company.edgar(String(c.cik))}>
          {c.cik}
        </a>
        {c.first_day !== null && c.last_day !== null && <span className="text-soft"> {t.company.filed(day(c.first_day), day(c.last_day))}</span>}
      </li>
    ))}
  </ul>
);

const FormerNames = ({ names }: { names: CompanyOf["former_names"] }) => (
  <ul>
    {names.map((n) => (
      <li key={`${n.name} ${n.to ?? ""}`}>
        {n.name}
        {n.to !== null && <span className="text-soft"> {t.company.nameUntil(day(n.to))}</span>}
      </li>
    ))}
  </ul>
);

/** The rest of what is known about it, on demand. */
function About({ company }: { company: CompanyOf }) {
  return (
    <details className="text-sm print:hidden">
      <summary className="w-fit text-accent">{t.company.about}</summary>
      <div className="mt-2 grid gap-4 rounded-lg border border-line bg-card p-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <dl className="grid grid-cols-[auto_minmax(0,1fr)] content-start gap-x-4 gap-y-1">
          {details.map(([name, value]) => {
            const said = value(company);
            return (
              said && (
                <div key={name} className="contents">
                  <dt className="text-soft">{name}</dt>
                  <dd>{said}</dd>
                </div>
              )
            );
          })}
        </dl>
        <Listings listings={company.listings} />
      </div>
    </details>
  );
}

type ListingOf = Schemas["Listing"];

/** The columns of listings after the ticker; a new field of the contract is an error here until it is one. */
const columns = Object.entries<readonly [name: string, value: (l: ListingOf) => ReactNode]>({
  exchange: [t.company.exchange, (l) => l.exchange],
  share_class: [t.company.shareClass, (l) => l.share_class],
  currency: [t.company.currency, (l) => l.currency],
  isin: [t.company.isin, (l) => l.isin],
  ordinary_shares: [t.company.ordinaryShares, (l) => l.ordinary_shares],
  first_day: [t.company.since, (l) => l.first_day && day(l.first_day)],
  last_day: [t.company.until, (l) => l.last_day && day(l.last_day)],
} satisfies Record<Exclude<keyof ListingOf, "ticker" | "primary">, readonly [string, (l: ListingOf) => ReactNode]>);

function Listings({ listings }: { listings: ListingOf[] }) {
  const used = columns.filter(([, [, value]]) => listings.some((l) => value(l) !== null));
  return (
    <div role="region" aria-label={t.company.listings} tabIndex={0} className="overflow-x-auto">
      <table className="w-full">
        <caption className="sr-only">{t.company.listings}</caption>
        <thead>
          <tr className="text-left text-soft">
            <th scope="col" className="py-1 pr-4 font-normal">
              {t.company.listing}
            </th>
            {used.map(([field, [name]]) => (
              <th key={field} scope="col" className="py-1 pr-4 font-normal whitespace-nowrap">
                {name}
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
              {used.map(([field, [, value]]) => (
                <td key={field} className="py-1 pr-4 whitespace-nowrap">
                  {value(l)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
