import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { suggestionsQuery } from "./queries.ts";
import { Search } from "./Search.tsx";

/** What stands where a company would be that is not there. */
export function UnknownCompany({ ticker }: { ticker: string }) {
  const said = t.company.unknown(ticker);
  useTitle(said);
  const like = useQuery(suggestionsQuery(ticker.slice(0, 100), 5));
  // The last letter is the one that is mistyped or too many most often.
  const shorter = useQuery({ ...suggestionsQuery(ticker.slice(0, Math.min(ticker.length - 1, 100)), 5), enabled: ticker.length > 2 && like.data?.items.length === 0 });
  const meant = like.data?.items.length ? like.data.items : shorter.data?.items;
  return (
    <div className="mx-auto max-w-xl space-y-4 py-12">
      <h1 className="text-center">{said}</h1>
      <p className="text-center text-soft">{t.company.unknownHint}</p>
      <Search big />
      {meant && meant.length > 0 && (
        <div>
          <h2>{t.company.meant}</h2>
          <ul className="mt-1 space-y-1">
            {meant.map((c) => (
              <li key={c.id}>
                <Link to="/companies/$ticker" params={{ ticker: c.ticker }}>
                  {c.name} ({c.ticker})
                </Link>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
