import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useId, useRef, useState, type InputHTMLAttributes } from "react";
import { Button, Choice, cx, Empty, Failure, Loading, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { CompanyTable } from "./CompanyTable.tsx";
import { companiesQuery, type CompanySearch } from "./queries.ts";

/** The companies, or those that were looked for. */
export default function Companies() {
  useTitle(t.nav.companies);
  const search = useSearch({ from: "/companies" });
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isPlaceholderData } = useInfiniteQuery(companiesQuery(search));
  const companies = data?.pages.flatMap((p) => p.items);
  const filtered = search.q !== undefined || search.exchange !== undefined || search.figures === true;
  return (
    <div className="space-y-3">
      <h1>{t.nav.companies}</h1>
      <Filters exchanges={[...new Set(companies?.flatMap((c) => c.listings.flatMap((l) => l.exchange ?? [])))].sort()} />
      <section aria-label={t.nav.companies} aria-busy={isPlaceholderData} className={cx("rounded-lg border border-line bg-card px-4 py-2", isPlaceholderData && "opacity-60")}>
        {companies === undefined ? (
          error ? (
            <Failure error={error} retry={() => void refetch()} />
          ) : (
            <Loading rows={12} />
          )
        ) : companies.length === 0 ? (
          <Empty>
            {t.companies.empty} {t.companies.emptyHint}{" "}
            {filtered && (
              <Link to="/companies" search={{}}>
                {t.companies.clear}
              </Link>
            )}
          </Empty>
        ) : (
          <CompanyTable caption={t.nav.companies} companies={companies} />
        )}
        {companies !== undefined && error && <Failure error={error} retry={() => void fetchNextPage()} />}
        {hasNextPage && (
          <div className="py-3 text-center">
            <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              {isFetchingNextPage ? t.state.loading : t.state.more}
            </Button>
          </div>
        )}
      </section>
    </div>
  );
}

function Filters({ exchanges }: { exchanges: string[] }) {
  const search = useSearch({ from: "/companies" });
  const navigate = useNavigate({ from: "/companies" });
  const known = useId();
  const set = (change: CompanySearch) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false });
  return (
    <search className="flex flex-wrap items-center gap-2 print:hidden">
      <Text label={t.search.placeholder} value={search.q} settle={(q) => set({ q })} className="min-w-0 flex-1 basis-60" maxLength={100} />
      {(exchanges.length > 0 || search.exchange !== undefined) && (
        <>
          <Text
            label={t.companies.anyExchange}
            value={search.exchange}
            settle={(exchange) => set({ exchange })}
            isWhole={(text) => exchanges.includes(text)}
            className="w-36"
            maxLength={50}
            list={known}
          />
          <datalist id={known}>
            {exchanges.map((x) => (
              <option key={x} value={x} />
            ))}
          </datalist>
        </>
      )}
      <Choice
        label={t.companies.figures}
        name="figures"
        value={search.figures ? "only" : "all"}
        options={[
          { value: "all", label: t.companies.figuresAll },
          { value: "only", label: t.companies.figuresOnly },
        ]}
        onChange={(v) => set({ figures: v === "only" || undefined })}
      />
      <Choice
        label={t.companies.sort}
        name="sort"
        value={search.sort ?? "relevance"}
        options={[
          { value: "relevance", label: search.q === undefined ? t.companies.sortLargest : t.companies.sortBest },
          { value: "name", label: t.companies.sortName },
        ]}
        onChange={(v) => set({ sort: v === "name" ? v : undefined })}
      />
    </search>
  );
}

/** A text of the address. It settles when typing pauses and it is whole, or when one leaves it. */
function Text({
  label,
  value,
  settle,
  isWhole = () => true,
  className,
  ...rest
}: {
  label: string;
  value: string | undefined;
  settle: (value: string | undefined) => void;
  isWhole?: (text: string) => boolean;
} & Pick<InputHTMLAttributes<HTMLInputElement>, "className" | "list" | "maxLength">) {
  const [text, setText] = useState(value ?? "");
  const [sent, setSent] = useState(value);
  const [seen, setSeen] = useState(value);
  if (value !== seen) {
    setSeen(value);
    if (value !== sent) {
      setSent(value);
      setText(value ?? "");
    }
  }
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const send = (typed: string) => {
    clearTimeout(timer.current);
    const next = typed.trim() || undefined;
    if (next === sent) return;
    setSent(next);
    settle(next);
  };
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      autoComplete="off"
      onChange={(e) => {
        const typed = e.target.value;
        setText(typed);
        clearTimeout(timer.current);
        if (typed.trim() === "" || isWhole(typed.trim())) timer.current = setTimeout(() => send(typed), 200);
      }}
      onBlur={() => send(text)}
      onKeyDown={(e) => {
        if (e.key === "Enter") send(text);
      }}
      className={cx("h-9 rounded-md border border-line bg-card px-3 text-sm placeholder:text-soft max-sm:text-base", className)}
      {...rest}
    />
  );
}
