import { useInfiniteQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { isAway, type Schemas } from "../api.ts";
import { cx } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { companiesQuery } from "./queries.ts";
import { useSettled } from "./settled.ts";

/** A field that finds a company while one types, and picks it by arrows and Enter, or a tap. */
export function CompanyPicker({ onPick }: { onPick: (company: Schemas["Company"]) => void }) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const id = useId();
  const q = useSettled(text.trim());
  const { data, isFetching, error } = useInfiniteQuery({ ...companiesQuery({ q }, 8), enabled: q !== "" });
  const found = q === "" ? [] : (data?.pages[0]?.items ?? []);
  const shown = open && text.trim() !== "";
  const at = Math.min(active, found.length - 1);

  const pick = (company: Schemas["Company"] | undefined) => {
    if (!company) return;
    onPick(company);
    setText("");
    setActive(0);
  };
  return (
    <div className="relative w-full max-w-sm print:hidden" onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && setOpen(false)}>
      <label htmlFor={id} className="sr-only">
        {t.compare.add}
      </label>
      <input
        id={id}
        role="combobox"
        aria-expanded={shown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown && at >= 0 ? `${id}-${at}` : undefined}
        autoComplete="off"
        spellCheck={false}
        value={text}
        placeholder={t.compare.addHint}
        onChange={(e) => {
          setText(e.target.value);
          setActive(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onKeyDown={(e) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
          if (step !== undefined && found.length > 0) {
            e.preventDefault();
            setOpen(true);
            setActive((at + step + found.length) % found.length);
          } else if (e.key === "Enter" && shown) {
            e.preventDefault();
            pick(found[at]);
          } else if (e.key === "Escape") {
            if (!shown) setText("");
            setOpen(false);
          }
        }}
        className="w-full rounded-md border border-line bg-card px-3 py-1.5 text-sm"
      />
      <div id={`${id}-list`} role="listbox" aria-label={t.compare.results} hidden={!shown || found.length === 0} className="absolute z-30 mt-1 w-full overflow-hidden rounded-md border border-line bg-card shadow-lg">
        {found.map((c, i) => (
          <div
            key={c.id}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === at}
            onPointerDown={(e) => e.preventDefault()}
            onClick={() => pick(c)}
            className={cx("flex cursor-pointer items-baseline justify-between gap-3 px-3 py-1.5 text-sm", i === at && "bg-tint")}
          >
            <span className="min-w-0 truncate">{c.name}</span>
            <span className="shrink-0 text-xs text-soft">
              {c.ticker}
              {!c.has_statements && ` · ${t.compare.withoutFigures}`}
            </span>
          </div>
        ))}
      </div>
      <p role="status" className={cx("absolute z-30 mt-1 w-full rounded-md border border-line bg-card px-3 py-1.5 text-sm text-soft shadow-lg", (!shown || found.length > 0) && "sr-only")}>
        {shown && found.length === 0 && (error ? (isAway(error) ? t.state.away : t.state.failed) : isFetching || q !== text.trim() ? t.compare.searching : t.compare.noResults)}
      </p>
    </div>
  );
}
