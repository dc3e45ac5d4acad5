import { Link } from "@tanstack/react-router";
import type { Schemas } from "../api.ts";
import { useAsOf } from "../asof.ts";
import { ago, day } from "../format.ts";
import { t } from "../words/index.ts";
import { periodTo } from "./period.ts";

const head = "border-b border-line py-2 pr-4 text-left text-xs font-medium text-soft whitespace-nowrap";
const cell = "py-2 pr-4 align-baseline";

/** Companies, a row each; without what is newest today on a page of another day. */
export function CompanyTable({ caption, companies }: { caption: string; companies: Schemas["Company"][] }) {
  const today = useAsOf() === undefined;
  const exchange = companies.some((c) => c.listings.some((l) => l.exchange !== null));
  const sector = companies.some((c) => c.sic_description !== null);
  return (
    <table className="w-full border-collapse text-sm">
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr>
          <th scope="col" className={head}>
            {t.companies.company}
          </th>
          <th scope="col" className={head}>
            {t.companies.ticker}
          </th>
          {exchange && (
            <th scope="col" className={`${head} max-sm:hidden`}>
              {t.companies.exchange}
            </th>
          )}
          {sector && (
            <th scope="col" className={`${head} max-lg:hidden`}>
              {t.companies.sector}
            </th>
          )}
          {today && (
            <th scope="col" className={head}>
              {t.companies.newest}
            </th>
          )}
          <th scope="col" className={`${head} max-md:hidden`}>
            {t.companies.read}
          </th>
        </tr>
      </thead>
      <tbody>
        {companies.map((c) => (
          <Row key={c.id} company={c} exchange={exchange} sector={sector} newest={today} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ company: c, exchange, sector, newest }: { company: Schemas["Company"]; exchange: boolean; sector: boolean; newest: boolean }) {
  const others = c.listings.filter((l) => l.ticker !== c.ticker && l.last_day === null).map((l) => l.ticker);
  const exchanges = [...new Set(c.listings.filter((l) => l.last_day === null).map((l) => l.exchange))].filter((x) => x !== null);
  return (
    <tr className="border-b border-line last:border-0 hover:bg-sunk">
      <th scope="row" className={`${cell} text-left font-medium`}>
        <Link to="/companies/$ticker" params={{ ticker: c.ticker }} className="no-underline hover:underline">
          {c.name}
        </Link>
        {c.last_day !== null && <span className="ml-2 text-xs font-normal text-soft">{t.company.ended(day(c.last_day))}</span>}
      </th>
      <td className={`${cell} whitespace-nowrap`}>
        {c.ticker}
        {others.length > 0 && <span className="ml-2 text-xs text-soft max-md:hidden">{t.companies.alsoListed(others.slice(0, 3).join(", "))}</span>}
      </td>
      {exchange && <td className={`${cell} max-sm:hidden`}>{exchanges.join(", ")}</td>}
      {sector && <td className={`${cell} max-lg:hidden`}>{c.sic_description}</td>}
      {newest && <td className={cell}>{c.newest_statement ? periodTo(c.newest_statement) : <span className="text-soft">{t.companies.noFigures}</span>}</td>}
      <td className={`${cell} whitespace-nowrap text-soft max-md:hidden`}>{c.facts_read_at !== null && ago(c.facts_read_at)}</td>
    </tr>
  );
}
