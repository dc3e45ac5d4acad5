import { useId, useRef, useState, type ReactNode } from "react";
import { cx } from "../ui/index.tsx";

/**
 * A button with a panel below it. The browser closes the panel by Escape or a press elsewhere, and gives the focus back.
 * A link within closes it as well, and `closePopup`.
 */
export function Popup(props: {
  /** What the panel is, for screen readers. */
  label: string;
  button: ReactNode;
  buttonClass: string;
  /** The button's name, when what it shows is not one. */
  buttonLabel?: string;
  className?: string;
  children: ReactNode;
}) {
  const id = useId();
  const trigger = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const place = () => {
    if (!trigger.current || !panel.current) return;
    const at = trigger.current.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    Object.assign(panel.current.style, { top: `${at.bottom + 6}px`, right: `${width < 480 ? 8 : Math.max(8, width - at.right)}px` });
  };
  return (
    <>
      <button ref={trigger} type="button" popoverTarget={id} aria-haspopup="dialog" aria-expanded={open} aria-label={props.buttonLabel} title={props.buttonLabel} className={props.buttonClass}>
        {props.button}
      </button>
      <div
        ref={panel}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={props.label}
        onBeforeToggle={place}
        onToggle={(e) => setOpen(e.newState === "open")}
        onClick={(e) => {
          if (e.target instanceof Element && e.target.closest("a")) closePopup();
        }}
        className={cx(
          "fixed inset-auto m-0 max-h-[calc(100dvh-4rem)] max-w-[calc(100vw-1rem)] overflow-auto rounded-lg border border-line bg-card p-3 text-sm text-ink shadow-lg print:hidden",
          props.className,
        )}
      >
        {open && props.children}
      </div>
    </>
  );
}

/** Closes the open popup. */
export function closePopup(): void {
  for (const at of document.querySelectorAll<HTMLElement>(":popover-open")) at.hidePopover();
}
