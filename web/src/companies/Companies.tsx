import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { Button, Card, Failure, Loading, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { companiesQuery } from "./queries.ts";

/** The companies, or those that were looked for. */
export default function Companies() {
  useTitle(t.nav.companies);
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(companiesQuery(useSearch({ from: "/companies" })));
  return (
    <Card title={<span>{t.nav.companies}</span>}>
      {error ? <Failure error={error} retry={() => void refetch()} /> : !data && <Loading />}
      <ul>
        {data?.pages
          .flatMap((p) => p.items)
          .map((c) => (
            <li key={c.id}>
              <Link to="/companies/$ticker" params={{ ticker: c.ticker }}>
                {c.name}
              </Link>
            </li>
          ))}
      </ul>
      {hasNextPage && <Button onClick={() => void fetchNextPage()}>{t.state.more}</Button>}
    </Card>
  );
}
