import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useContext, useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { ComboBox, ComboBoxStateContext } from "react-aria-components/ComboBox";
import { Input } from "react-aria-components/Input";
import { ListBox, ListBoxItem } from "react-aria-components/ListBox";
import { Popover } from "react-aria-components/Popover";
import type { Schemas } from "../api.ts";
import { month } from "../format.ts";
import { t } from "../words/index.ts";
import "./aria.ts";
import { suggestionsQuery } from "./queries.ts";
import type { SearchBoxProps } from "./Search.tsx";
import { useSettled } from "./settled.ts";

type Found = { id: string; company: Schemas["Company"] } | { id: "*"; company?: undefined };

/** Whether a text is one of the company's codes. */
function isCode(text: string, { cik, listings }: Schemas["Company"]): boolean {
  const code = text.toUpperCase();
  return listings.some((l) => l.ticker === code || l.isin === code) || (cik !== null && (code === String(cik) || code.replace(/^(CIK)?0*/, "") === String(cik)));
}

/** The search box that answers. */
export default function SearchBox({ text, focused, selection, className }: SearchBoxProps) {
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(text);
  // The list stands within the header, or what else the search is in, not at the end of the page.
  const [frame, setFrame] = useState<HTMLElement | null>(null);
  const q = useSettled(typed.trim());
  const { data, error, isFetching } = useQuery(suggestionsQuery(q));
  const empty = q === "" || typed.trim() === "";
  const found: Found[] = empty || !data ? [] : data.items.map((company) => ({ id: company.ticker, company }));
  if (found.length > 0) found.push({ id: "*" });

  const start = useRef({ focused, selection });
  useLayoutEffect(() => {
    if (!start.current.focused) return;
    input.current?.focus();
    input.current?.setSelectionRange(...start.current.selection);
  }, []);

  // The page that opens takes the focus; the one that is open already has to be given it.
  const leave = () => {
    setTyped("");
    setTimeout(() => {
      if (document.activeElement === input.current) document.getElementById("main")?.focus({ preventScroll: true });
    });
  };
  const open = (ticker: string) => {
    leave();
    void navigate({ to: "/companies/$ticker", params: { ticker } });
  };
  const list = (of: string) => {
    leave();
    void navigate({ to: "/companies", search: of ? { q: of } : {} });
  };
  // Enter without a choice: the company with that very code, or the list of what was found. Escape without a list: out of here.
  const press = (e: KeyboardEvent) => {
    if (e.key === "Escape" && input.current?.getAttribute("aria-expanded") !== "true") leave();
    if (e.key !== "Enter" || e.nativeEvent.isComposing || input.current?.getAttribute("aria-activedescendant")) return;
    e.preventDefault();
    e.stopPropagation();
    const of = typed.trim();
    const exact = q === of ? data?.items.find((c) => isCode(of, c)) : undefined;
    if (exact) open(exact.ticker);
    else list(of);
  };
  return (
    <div ref={(at) => setFrame(at?.closest<HTMLElement>("header, main") ?? null)} onKeyDownCapture={press}>
      <ComboBox
        aria-label={t.search.label}
        items={found}
        inputValue={typed}
        onInputChange={setTyped}
        value={null}
        onChange={(key) => {
          if (key === "*") list(q);
          else if (key !== null) open(String(key));
        }}
        menuTrigger="input"
        allowsCustomValue
        allowsEmptyCollection={typed.trim() !== ""}
      >
        <Input ref={input} data-search autoComplete="off" enterKeyHint="search" placeholder={t.search.placeholder} className={className} />
        <OpenAtOnce when={focused && text !== ""} />
        {/* eslint-disable-next-line @typescript-eslint/no-deprecated -- its successor is of another package, for a tree of its own */}
        <Popover {...(frame && { UNSTABLE_portalContainer: frame })} offset={4} className="w-(--trigger-width) min-w-[min(26rem,calc(100vw-1rem))] overflow-auto rounded-lg border border-line bg-card text-sm shadow-lg print:hidden">
          <ListBox
            className="p-1 outline-none"
            renderEmptyState={() => (
              <p className="px-3 py-2 text-soft">{error ? t.search.failed : isFetching || q !== typed.trim() ? t.search.searching : t.search.none(q)}</p>
            )}
          >
            {(item: Found) => (
              <ListBoxItem
                textValue={item.company?.name ?? t.search.all(q)}
                className="flex cursor-pointer items-baseline gap-3 rounded px-3 py-2 outline-none data-focused:bg-tint data-hovered:bg-sunk"
              >
                {item.company ? <Answer company={item.company} q={q} /> : <span className="text-accent">{t.search.all(q)}</span>}
              </ListBoxItem>
            )}
          </ListBox>
        </Popover>
      </ComboBox>
    </div>
  );
}

function Answer({ company, q }: { company: Schemas["Company"]; q: string }) {
  const code = q.toUpperCase();
  const listing = company.listings.find((l) => l.ticker.startsWith(code)) ?? company.listings.find((l) => l.isin?.startsWith(code)) ?? company.listings[0];
  const isin = listing?.isin?.startsWith(code) ? listing.isin : undefined;
  return (
    <>
      <span className="min-w-0 flex-1">
        <span className="font-medium">{company.name}</span>
        {isin !== undefined && <span className="ml-2 text-xs text-soft">{isin}</span>}
      </span>
      <span className="text-xs whitespace-nowrap text-soft">{company.newest_statement ? month(company.newest_statement.end_date) : t.search.noFigures}</span>
      <span className="w-16 shrink-0 text-right text-xs font-semibold whitespace-nowrap">{listing?.ticker ?? company.ticker}</span>
    </>
  );
}

/** Opens the list for what was typed before there was one. */
function OpenAtOnce({ when }: { when: boolean }) {
  const state = useContext(ComboBoxStateContext);
  const begin = useRef(when ? state : null);
  useEffect(() => {
    begin.current?.open(null, "input");
    begin.current = null;
  }, []);
  return null;
}
