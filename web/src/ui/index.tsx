import { isProblem } from "@edgevalue/client";
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { useEffect, type ButtonHTMLAttributes, type ReactNode } from "react";
import { isAway } from "../api.ts";
import { page } from "../page.ts";
import { t } from "../words/index.ts";

/** Joins class names, leaving out what is not. */
export const cx = (...names: (string | false | undefined)[]): string => names.filter(Boolean).join(" ");

const kinds = {
  primary: "bg-accent text-on-accent border-accent hover:opacity-90",
  plain: "bg-card text-ink border-line hover:bg-sunk",
  quiet: "border-transparent text-accent hover:bg-sunk",
  danger: "bg-card text-bad border-bad hover:bg-sunk",
};

/** The looks of a button, for links as well. */
export const buttonClass = (kind: keyof typeof kinds = "plain"): string =>
  cx("inline-flex items-center justify-center gap-1.5 rounded-md border px-3 py-1.5 text-sm font-medium no-underline hover:no-underline disabled:opacity-50", kinds[kind]);

/** A button. */
export function Button({ kind = "plain", className, type = "button", ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { kind?: keyof typeof kinds }) {
  return <button type={type} className={cx(buttonClass(kind), className)} {...rest} />;
}

/** A part of a page, on a ground of its own. */
export function Card({ title, actions, children, className }: { title?: ReactNode; actions?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section className={cx("rounded-lg border border-line bg-card p-4 print:border-0 print:p-0", className)}>
      {(title !== undefined || actions !== undefined) && (
        <div className="mb-3 flex flex-wrap items-baseline justify-between gap-2">
          {title !== undefined && <h2>{title}</h2>}
          {actions !== undefined && <div className="flex flex-wrap gap-2 print:hidden">{actions}</div>}
        </div>
      )}
      {children}
    </section>
  );
}

/** One of a few values, as radio buttons in a row. `name` is unique on the page. */
export function Choice<V extends string>(props: {
  label: string;
  name: string;
  value: V;
  options: readonly { value: V; label: string }[];
  onChange: (value: V) => void;
}) {
  return (
    <fieldset className="inline-flex flex-wrap items-center rounded-md border border-line bg-card p-0.5 text-sm print:hidden">
      <legend className="sr-only">{props.label}</legend>
      {props.options.map((o) => (
        <label
          key={o.value}
          className="cursor-pointer rounded px-2.5 py-1 text-soft hover:text-ink has-checked:bg-tint has-checked:text-ink has-focus-visible:outline-2 has-focus-visible:outline-accent"
        >
          <input type="radio" name={props.name} className="sr-only" checked={o.value === props.value} onChange={() => props.onChange(o.value)} />
          {o.label}
        </label>
      ))}
    </fieldset>
  );
}

/** A message: `bad` ones are announced at once. */
export function Notice({ tone = "plain", children }: { tone?: "plain" | "good" | "warn" | "bad"; children: ReactNode }) {
  const look = { plain: "bg-sunk border-line", good: "bg-tint border-good text-good", warn: "bg-warn-tint border-warn text-warn", bad: "bg-card border-bad text-bad" };
  return (
    <div role={tone === "bad" ? "alert" : "status"} className={cx("rounded-md border px-3 py-2 text-sm", look[tone])}>
      {children}
    </div>
  );
}

/** What stands where data will be. */
export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <div role="status" className="animate-pulse space-y-3 py-2">
      <span className="sr-only">{t.state.loading}</span>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="h-4 rounded bg-sunk" />
      ))}
    </div>
  );
}

/** What stands where there is nothing. */
export function Empty({ children }: { children: ReactNode }) {
  return <p className="py-6 text-center text-soft">{children}</p>;
}

/** A link to sign in and come back; `apart` from the page, which keeps what was typed. */
export function SignInLink({ apart = false, className, children }: { apart?: boolean; className?: string; children?: ReactNode }) {
  const next = useLocation({ select: (at) => at.href });
  return (
    <Link to="/sign-in" search={{ next }} className={className} {...(apart && { target: "_blank" })}>
      {children ?? (apart ? t.form.signInApart : t.state.signInFirst)}
    </Link>
  );
}

/** An error of a request, with what to do about it. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const away = isAway(error);
  const problem = isProblem(error) ? error : undefined;
  return (
    <div role="alert" className="my-2 space-y-2 rounded-md border border-bad bg-card px-4 py-3">
      {problem?.status !== 401 && <p className="font-medium text-bad">{away ? t.state.away : problem?.status === 403 ? t.state.forbidden : (problem?.detail ?? problem?.title ?? t.state.failed)}</p>}
      {away && <p className="text-sm text-soft">{t.state.awayHint}</p>}
      {problem?.status === 401 && (
        <p className="text-sm">
          <SignInLink />
        </p>
      )}
      {retry && problem?.status !== 401 && <Button onClick={retry}>{t.state.retry}</Button>}
      {problem?.request_id !== undefined && problem.status >= 500 && <p className="text-xs text-soft">{t.state.requestID(problem.request_id)}</p>}
    </div>
  );
}

/** A table that scrolls within the page; its first column and its head stay in view. The caption is for screen readers. */
export function TableFrame({ caption, children, className }: { caption: string; children: ReactNode; className?: string }) {
  return (
    <div role="region" aria-label={caption} tabIndex={0} className={cx("relative isolate max-h-[80vh] overflow-auto print:max-h-none print:overflow-visible", className)}>
      <table className="w-full border-collapse text-sm">
        <caption className="sr-only">{caption}</caption>
        {children}
      </table>
    </div>
  );
}

/** The head of a column of a list. */
export function ColumnHead({ children, numbers }: { children: ReactNode; numbers?: boolean }) {
  return (
    <th scope="col" className={cx("px-2 py-1.5 font-medium whitespace-nowrap first:pl-0", numbers && "text-right")}>
      {children}
    </th>
  );
}

/** A button that loads the next page of a list, if there is one. */
export function More({ of: { hasNextPage, isFetchingNextPage, fetchNextPage } }: { of: Pick<UseInfiniteQueryResult, "hasNextPage" | "isFetchingNextPage" | "fetchNextPage"> }) {
  return (
    hasNextPage && (
      <Button className="mt-3" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        {t.state.more}
      </Button>
    )
  );
}

/** Sets the title of the page. */
export function useTitle(what: string | undefined): void {
  useEffect(() => {
    document.title = what === undefined ? page.project : t.title(what, page.project);
  }, [what]);
}
