import { useNavigate } from "@tanstack/react-router";
import { useRef, useState, type ComponentType } from "react";
import { flushSync } from "react-dom";
import { Icon } from "../shell/Icon.tsx";
import { cx } from "../ui/index.tsx";
import { t } from "../words/index.ts";

/** What was typed before the search could answer. */
export interface Typed {
  text: string;
  focused: boolean;
  selection: [number | null, number | null];
}

export type SearchBoxProps = Typed & { className: string };

let loaded: ComponentType<SearchBoxProps> | undefined;

/** Finds companies. What answers is loaded when a pointer or the focus comes to it; until then one types already. */
export function Search({ big = false, className }: { big?: boolean; className?: string }) {
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const composing = useRef(false);
  const [Box, setBox] = useState<ComponentType<SearchBoxProps> | undefined>(() => loaded);
  const [typed, setTyped] = useState<Typed>({ text: "", focused: false, selection: [0, 0] });

  const exchange = () => {
    const at = input.current;
    if (!loaded || !at || composing.current) return;
    const Loaded = loaded;
    flushSync(() => {
      setTyped({ text: at.value, focused: document.activeElement === at, selection: [at.selectionStart, at.selectionEnd] });
      setBox(() => Loaded);
    });
  };
  const load = () => {
    import("./search-box.tsx").then(
      (m) => {
        loaded = m.default;
        exchange();
      },
      () => undefined, // The plain box leads to the list of companies.
    );
  };
  const look = cx(
    "w-full rounded-md border border-line bg-ground pr-3 text-ink placeholder:text-soft",
    big ? "h-12 pl-11 text-base" : "h-9 pl-9 text-sm max-sm:text-base",
  );
  return (
    <search className={cx("relative block", className)}>
      <Icon name="search" className={cx("pointer-events-none absolute text-soft", big ? "top-3.5 left-3.5 size-5" : "top-2.5 left-2.5 size-4")} />
      {Box ? (
        <Box {...typed} className={look} />
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            const q = input.current?.value.trim();
            void navigate({ to: "/companies", search: q ? { q } : {} });
          }}
        >
          <input
            ref={input}
            name="q"
            type="text"
            data-search
            autoComplete="off"
            aria-label={t.search.label}
            placeholder={t.search.placeholder}
            className={look}
            onFocus={load}
            onPointerEnter={load}
            onCompositionStart={() => (composing.current = true)}
            onCompositionEnd={() => {
              composing.current = false;
              exchange();
            }}
          />
        </form>
      )}
    </search>
  );
}
