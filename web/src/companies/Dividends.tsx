import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import type { Schemas } from "../api.ts";
import { useAsOf } from "../asof.ts";
import * as format from "../format.ts";
import { Card, Choice, cx, Empty, Failure, Loading, Notice, TableFrame } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import Bars from "./Bars.tsx";
import { dividendsQuery, periods, splitsQuery } from "./chart-queries.ts";
import { dividendYears } from "./dividend-years.ts";
import { proofOf, useProof } from "./proof.ts";
import { Proof } from "./Proof.tsx";
import { companyQuery, statementsQuery, type ShareBasis } from "./queries.ts";
import { fileName } from "./table-export.ts";
import { TableActions } from "./TableActions.tsx";

type Dividend = Schemas["Dividend"];
type Split = Schemas["Split"];

const cell = "py-1 pl-3 whitespace-nowrap";

/** A company's dividends and splits. */
export default function Dividends() {
  const { ticker } = useParams({ from: "/companies/$ticker" });
  const { basis = "as_of", rejected } = useSearch({ from: "/companies/$ticker/dividends" });
  const navigate = useNavigate({ from: "/companies/$ticker/dividends" });
  return (
    <div className="space-y-4">
      <Choice<ShareBasis>
        label={t.dividends.basis}
        name="basis"
        value={basis}
        options={[
          { value: "as_of", label: t.dividends.adjusted },
          { value: "filed", label: t.dividends.filed },
        ]}
        onChange={(value) => void navigate({ search: (s) => ({ ...s, basis: value === "filed" ? value : undefined }), replace: true, resetScroll: false })}
      />
      <DividendCard ticker={ticker} basis={basis} />
      <SplitCard
        ticker={ticker}
        rejected={rejected !== undefined}
        onRejected={(is) => void navigate({ search: (s) => ({ ...s, rejected: is ? "shown" : undefined }), replace: true, resetScroll: false })}
      />
    </div>
  );
}

function DividendCard({ ticker, basis }: { ticker: string; basis: ShareBasis }) {
  const asOf = useAsOf();
  const { data, error, refetch } = useQuery(dividendsQuery(ticker, basis, asOf));
  const list = data?.items;
  const currency = list?.[0]?.currency ?? "";
  // Quarters before and after a split add up on one share basis alone.
  const comparable = useQuery(dividendsQuery(ticker, "as_of", asOf)).data?.items;
  const years = useMemo(() => dividendYears(comparable ?? [], currency), [comparable, currency]);
  const series = useMemo(() => [{ name: t.dividends.perShare, points: years.map((y) => ({ x: String(y.year), y: y.amount })) }], [years]);
  const parts = years.filter((y) => y.quarters !== null && y.quarters < 4);
  const name = (x: string) => (parts.some((y) => String(y.year) === x) ? t.dividends.part(x) : x);
  const adjusted = list?.find((d) => d.adjusted_to !== null)?.adjusted_to;

  return (
    <Card title={t.dividends.title} actions={list && list.length > 0 && <Actions list={list} ticker={ticker} asOf={asOf} basis={basis} />}>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !list ? (
        <Loading rows={8} />
      ) : list.length === 0 ? (
        <Empty>{asOf === undefined ? t.dividends.none : t.dividends.nonePast(format.day(asOf))}</Empty>
      ) : (
        <div className="space-y-4">
          {list.some((d) => d.currency !== currency) && <Notice tone="warn">{t.dividends.currencies(currency)}</Notice>}
          <Bars label={t.dividends.years} series={series} format={(y) => format.money(y, currency, 6)} axis={(y) => format.money(y, currency)} period={name} height={200} />
          {parts.length > 0 && <p className="text-xs text-soft">{t.dividends.parts(parts.map((y) => t.dividends.yearOf(String(y.year), y.quarters ?? 0)))}</p>}
          {basis === "filed" ? <p className="text-sm text-soft">{t.dividends.filedHint}</p> : adjusted != null && <p className="text-sm text-soft">{t.dividends.adjustedHint(format.day(adjusted))}</p>}
          <DividendTable list={list} ticker={ticker} basis={basis} />
        </div>
      )}
    </Card>
  );
}

const days = [
  ["declaration_date", t.dividends.declared],
  ["ex_dividend_date", t.dividends.exDay],
  ["record_date", t.dividends.record],
  ["payment_date", t.dividends.paid],
] as const satisfies (readonly [keyof Dividend, string])[];

const fiscal = (d: Dividend) =>
  d.fiscal_year === null ? format.none : d.fiscal_quarter === null ? t.dividends.fiscalYear(d.fiscal_year) : t.charts.quarter(d.fiscal_quarter, d.fiscal_year);
const source = (d: Dividend) => (d.source === "manual" ? t.dividends.manual : d.derived ? t.dividends.derived : t.dividends.sec);

function DividendTable({ list, ticker, basis }: { list: readonly Dividend[]; ticker: string; basis: ShareBasis }) {
  const asOf = useAsOf();
  const quarters = useQuery(statementsQuery(ticker, "quarterly", basis, asOf, periods("quarterly")));
  const years = useQuery({ ...statementsQuery(ticker, "annual", basis, asOf), enabled: list.some((d) => d.fiscal_quarter === null) });
  const proof = useProof();
  // A dividend's filing is told by the proof of the statement of its period.
  const statementOf = (d: Dividend) =>
    (d.fiscal_quarter === null ? years : quarters).data?.items.find((s) => s.end_date === d.period_end && s.dividends_per_share === d.amount_per_share);
  const dated = days.filter(([field]) => list.some((d) => d[field] !== null));
  const heads = [t.dividends.amount, t.dividends.periodEnd, t.dividends.reported, t.dividends.version, t.dividends.filedOn, ...dated.map(([, label]) => label)];
  return (
    <>
      <TableFrame caption={t.dividends.title} className="max-h-[36rem]!">
        <thead className="sticky top-0 z-10 bg-card">
          <tr className="border-b border-line text-right align-bottom">
            <th scope="col" className="sticky left-0 bg-card py-1 pr-3 text-left">
              {t.dividends.period}
            </th>
            {heads.map((h) => (
              <th key={h} scope="col" className="py-1 pl-3">
                {h}
              </th>
            ))}
            <th scope="col" className="py-1 pl-6 text-left">
              {t.dividends.source}
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((d) => {
            const statement = statementOf(d);
            const amount = format.money(d.amount_per_share, d.currency, 6);
            const subject = statement && { statement: statement.id, field: "dividends_per_share" };
            return (
              <tr key={d.id} className="border-b border-line/50 text-right">
                <th scope="row" className="sticky left-0 bg-card py-1 pr-3 text-left font-normal whitespace-nowrap">
                  {fiscal(d)}
                </th>
                <td className={cx(cell, "font-medium")}>
                  {subject ? (
                    <button
                      type="button"
                      data-proof={proofOf(subject)}
                      aria-label={t.dividends.prove(amount)}
                      className="rounded decoration-dotted underline-offset-4 hover:text-accent hover:underline"
                      onClick={() => proof.open(subject)}
                    >
                      {amount}
                    </button>
                  ) : (
                    amount
                  )}
                </td>
                {[d.period_end, d.publish_date, d.known_from, d.share_basis_date, ...dated.map(([field]) => d[field])].map((v, i) => (
                  <td key={i} className={cell}>
                    {format.day(v)}
                  </td>
                ))}
                <td className="py-1 pl-6 text-left whitespace-nowrap text-soft">{source(d)}</td>
              </tr>
            );
          })}
        </tbody>
      </TableFrame>
      <Proof of={proof.subject} basis={basis} onClose={proof.close} />
    </>
  );
}

function Actions({ list, ticker, asOf, basis }: { list: readonly Dividend[]; ticker: string; asOf: string | undefined; basis: ShareBasis }) {
  return (
    <TableActions
      name={fileName(ticker, t.dividends.file, basis === "filed" ? t.dividends.filed : t.dividends.adjusted, ...(asOf === undefined ? [] : [asOf]))}
      table={() => ({
        caption: t.dividends.title,
        head: [
          t.dividends.period,
          t.dividends.amount,
          t.dividends.currency,
          t.dividends.periodEnd,
          t.dividends.reported,
          t.dividends.version,
          t.dividends.filedOn,
          ...days.map(([, label]) => label),
          t.dividends.source,
        ],
        rows: list.map((d) => [
          fiscal(d),
          d.amount_per_share,
          d.currency,
          d.period_end,
          d.publish_date,
          d.known_from,
          d.share_basis_date,
          ...days.map(([field]) => d[field]),
          source(d),
        ]),
      })}
    />
  );
}

function SplitCard({ ticker, rejected, onRejected }: { ticker: string; rejected: boolean; onRejected: (is: boolean) => void }) {
  const asOf = useAsOf();
  const { data, error, refetch, isPlaceholderData } = useQuery({ ...splitsQuery(ticker, rejected, asOf), placeholderData: keepPreviousData });
  const company = useQuery(companyQuery(ticker)).data;
  // A filing stands below the number of its filer, which is certain where there was but one.
  const filer = company?.ciks.length === 1 ? company.cik : null;
  return (
    <Card
      title={t.dividends.splits}
      actions={
        <label className="inline-flex cursor-pointer items-center gap-2 text-sm">
          <input type="checkbox" checked={rejected} onChange={(e) => onRejected(e.target.checked)} />
          {t.dividends.showRejected}
        </label>
      }
    >
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading rows={3} />
      ) : data.items.length === 0 ? (
        <Empty>{asOf === undefined ? t.dividends.noSplits : t.dividends.noSplitsPast(format.day(asOf))}</Empty>
      ) : (
        <>
          <TableFrame caption={t.dividends.splits}>
            <thead>
              <tr className="border-b border-line text-left align-bottom">
                {[t.dividends.effective, t.dividends.ratio, t.dividends.known, t.dividends.splitSource, t.dividends.support, t.dividends.filing].map((h, i) => (
                  <th key={h} scope="col" className={cx("py-1", i > 0 && "pl-4")}>
                    {h}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.items.map((s) => (
                <SplitRow key={`${s.effective_date} ${s.ratio_fraction} ${s.rejected}`} of={s} filer={filer} />
              ))}
            </tbody>
          </TableFrame>
          {rejected && !isPlaceholderData && !data.items.some((s) => s.rejected) && <p className="mt-2 text-sm text-soft">{t.dividends.noRejected}</p>}
        </>
      )}
    </Card>
  );
}

function SplitRow({ of: s, filer }: { of: Split; filer: number | null }) {
  const [now = "", before = "1"] = s.ratio_fraction.split("/");
  const put = (content: ReactNode) => <td className="min-w-28 py-1 pl-4">{content}</td>;
  return (
    <tr className={cx("border-b border-line/50 align-baseline", s.rejected && "text-soft")}>
      <th scope="row" className="py-1 text-left font-normal whitespace-nowrap">
        {s.exact ? format.day(s.effective_date) : t.dividends.between(s.effective_after === null ? null : format.day(s.effective_after), format.day(s.effective_by ?? s.effective_date))}
        {s.rejected && <span className="ms-2 rounded border border-warn bg-warn-tint px-1.5 text-xs text-warn">{t.dividends.rejected}</span>}
        {!s.exact && !s.rejected && <span className="block text-xs whitespace-normal text-warn">{t.dividends.inexact}</span>}
      </th>
      {put(<span className="font-medium whitespace-nowrap">{t.dividends.ratioOf(now, before)}</span>)}
      {put(<span className="whitespace-nowrap">{format.day(s.known_from)}</span>)}
      {put((t.dividends.splitSources as Record<string, string>)[s.source] ?? s.source)}
      {put(
        s.support === null ? (
          <span className="text-soft">{t.dividends.notShown}</span>
        ) : (
          <>
            {t.dividends.supports(s.support, s.contradict ?? 0)}
            {s.noted !== null && <span className="block text-xs text-soft">{s.noted ? t.dividends.noted : t.dividends.notNoted}</span>}
          </>
        ),
      )}
      {put(
        s.accession === null ? (
          format.none
        ) : filer === null ? (
          s.accession
        ) : (
          <a href={`https://www.sec.gov/Archives/edgar/data/${filer}/${s.accession.replaceAll("-", "")}/${s.accession}-index.htm`} target="_blank" rel="noreferrer" className="whitespace-nowrap">
            {s.accession}
          </a>
        ),
      )}
    </tr>
  );
}
