import { useQuery } from "@tanstack/react-query";
import { useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { Card, Button, Empty, Failure, Loading, cx, useTitle } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { namesOf } from "./formula.ts";
import { Definition, Formula } from "./MetricName.tsx";
import { byGroup, groupLabel, matches, termLabel } from "./metrics.ts";
import { metricsQuery } from "./queries.ts";

/** The definitions of all metrics. */
export default function Metrics() {
  useTitle(t.metrics.title);
  const { data, error, refetch } = useQuery(metricsQuery);
  const { q = "" } = useSearch({ from: "/metrics" });
  const navigate = useNavigate({ from: "/metrics" });
  const hash = useLocation({ select: (l) => l.hash });
  const names = useMemo(() => data && namesOf(data), [data]);
  const loaded = data !== undefined;

  // The definitions come after the address was followed.
  useEffect(() => {
    if (loaded && hash) document.getElementById(hash)?.scrollIntoView();
  }, [loaded, hash]);

  const find = (text: string) => void navigate({ search: (s) => ({ ...s, q: text || undefined }), replace: true });
  const found = data?.items.filter((d) => matches(d, q.trim())) ?? [];
  return (
    <div className="space-y-5">
      <div>
        <h1>{t.metrics.title}</h1>
        {data && <p className="mt-1 text-soft">{t.metrics.intro(data.items.length)}</p>}
      </div>
      {error ? <Failure error={error} retry={() => void refetch()} /> : !data && <Loading rows={12} />}
      {data && names && (
        <div className="gap-6 lg:grid lg:grid-cols-[13rem_minmax(0,1fr)]">
          <aside className="mb-4 space-y-3 lg:sticky lg:top-4 lg:self-start print:hidden">
            <label className="block text-sm">
              <span className="mb-1 block text-soft">{t.metrics.find}</span>
              <input type="search" defaultValue={q} onChange={(e) => find(e.target.value)} className="w-full rounded-md border border-line bg-card px-2.5 py-1.5" />
            </label>
            <p role="status" className="text-xs text-soft">
              {t.metrics.found(found.length)}
            </p>
            <nav aria-label={t.metrics.groupsOf}>
              <ul className="flex flex-wrap gap-x-3 gap-y-1 text-sm lg:block lg:space-y-1">
                {byGroup(found).map(([group, list]) => (
                  <li key={group}>
                    <a href={`#group-${group}`} className="no-underline hover:underline">
                      {groupLabel(group)}
                    </a>{" "}
                    <span className="text-xs text-soft">{list.length}</span>
                  </li>
                ))}
                <li>
                  <a href="#words" className="no-underline hover:underline">
                    {t.metrics.words}
                  </a>
                </li>
              </ul>
            </nav>
          </aside>
          <div className="min-w-0 space-y-5">
            {found.length === 0 && (
              <div className="text-center">
                <Empty>{t.metrics.nothing}</Empty>
                <Button onClick={() => find("")}>{t.metrics.clear}</Button>
              </div>
            )}
            {byGroup(found).map(([group, list]) => (
              <section key={group} aria-labelledby={`group-${group}`} className="rounded-lg border border-line bg-card print:border-0">
                <h2 id={`group-${group}`} className="scroll-mt-4 border-b border-line px-4 py-2.5">
                  {groupLabel(group)}
                </h2>
                <div className="divide-y divide-line">
                  {list.map((d) => (
                    <article
                      key={d.id}
                      id={d.id}
                      aria-labelledby={`name-${d.id}`}
                      className={cx("scroll-mt-4 gap-x-6 px-4 py-3 text-sm md:grid md:grid-cols-[15rem_minmax(0,1fr)] print:break-inside-avoid", hash === d.id && "bg-tint")}
                    >
                      <div className="mb-2 min-w-0">
                        <h3 id={`name-${d.id}`} className="text-base leading-snug">
                          <a href={`#${d.id}`} className="text-ink no-underline hover:underline">
                            {d.label}
                          </a>
                        </h3>
                        <code className="text-xs break-all text-soft">{d.id}</code>
                      </div>
                      <Definition metric={d} all={data} link />
                    </article>
                  ))}
                </div>
              </section>
            ))}
            <Card title={<span id="words" className="scroll-mt-4">{t.metrics.words}</span>}>
              <p className="mb-3 max-w-prose text-sm text-soft">{t.metrics.wordsHint}</p>
              <dl className="space-y-1.5 text-sm">
                {data.terms.map((term) => (
                  <div key={term.id} id={term.id} className="scroll-mt-4 md:grid md:grid-cols-[15rem_minmax(0,1fr)] md:gap-6">
                    <dt className="font-medium">{termLabel(term.id)}</dt>
                    <dd>
                      <Formula formula={term.formula} names={names} link />
                    </dd>
                  </div>
                ))}
                {t.metrics.syntax.map(([form, means]) => (
                  <div key={form} className="md:grid md:grid-cols-[15rem_minmax(0,1fr)] md:gap-6">
                    <dt className="font-medium">{form}</dt>
                    <dd>{means}</dd>
                  </div>
                ))}
              </dl>
            </Card>
          </div>
        </div>
      )}
    </div>
  );
}
