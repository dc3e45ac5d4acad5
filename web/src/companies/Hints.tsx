import { useEffect, useRef, useState, type ReactNode } from "react";

/**
 * Shows the words of whatever within has `data-hint` while it is pointed at or has the focus. They can be pointed at
 * themselves, and Escape hides them. Screen readers find the same words in the page: the hint is for the eye.
 */
export function Hints({ children }: { children: ReactNode }) {
  const [hint, show] = useState<{ text: string; x: number; y: number; above: boolean }>();
  const hiding = useRef<ReturnType<typeof setTimeout>>(undefined);
  const hide = () => {
    clearTimeout(hiding.current);
    hiding.current = setTimeout(() => show(undefined), 150);
  };
  const look = (target: EventTarget) => {
    const at = target instanceof Element ? target.closest<HTMLElement>("[data-hint]") : null;
    const text = at?.dataset["hint"];
    if (!at || text === undefined) return;
    clearTimeout(hiding.current);
    const box = at.getBoundingClientRect();
    const above = box.top > 160;
    show({ text, x: Math.min(Math.max(8, box.right - 288), innerWidth - 296), y: above ? innerHeight - box.top + 4 : box.bottom + 4, above });
  };
  const shown = hint !== undefined;
  useEffect(() => {
    if (!shown) return;
    const close = () => show(undefined);
    const key = (e: KeyboardEvent) => {
      if (e.key !== "Escape") return;
      e.preventDefault();
      close();
    };
    addEventListener("keydown", key, true);
    addEventListener("scroll", close, true);
    return () => {
      removeEventListener("keydown", key, true);
      removeEventListener("scroll", close, true);
    };
  }, [shown]);
  useEffect(() => () => clearTimeout(hiding.current), []);
  return (
    <div onMouseOver={(e) => look(e.target)} onMouseOut={hide} onFocus={(e) => look(e.target)} onBlur={hide}>
      {children}
      {hint && (
        <div
          aria-hidden
          className="fixed z-50 w-72 rounded-md border border-line bg-card px-3 py-2 text-xs whitespace-pre-line text-ink shadow-lg print:hidden"
          style={{ left: hint.x, ...(hint.above ? { bottom: hint.y } : { top: hint.y }) }}
          onMouseOver={(e) => {
            e.stopPropagation();
            clearTimeout(hiding.current);
          }}
        >
          {hint.text}
        </div>
      )}
    </div>
  );
}
