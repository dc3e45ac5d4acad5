import type { ReactNode } from "react";
import { whole } from "../format.ts";
import { cx } from "../ui/index.tsx";
import { named } from "../words/language.ts";

const looks: Record<string, { sign: string; look: string }> = {
  queued: { sign: "…", look: "text-soft" },
  running: { sign: "▸", look: "text-accent" },
  succeeded: { sign: "✓", look: "text-good" },
  unchanged: { sign: "=", look: "text-soft" },
  failed: { sign: "✕", look: "text-bad" },
  cancelled: { sign: "–", look: "text-soft" },
};

/** The state of what a job does, in a word and a sign. */
export function JobState({ state, names }: { state: string; names: Readonly<Record<string, string>> }) {
  const { sign, look } = looks[state] ?? { sign: "", look: "" };
  return (
    <span className={cx("font-medium whitespace-nowrap", look)}>
      <span aria-hidden className="inline-block w-4">
        {sign}
      </span>
      {named(names, state)}
    </span>
  );
}

/** How far something is; without `of` nobody knows yet. */
export function Progress({ label, done, of }: { label: string; done: number; of: number | null }) {
  const known = of !== null && of > 0 ? Math.min(100, (100 * done) / of) : undefined;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(known !== undefined && { "aria-valuenow": Math.floor(known) })}
      className="h-2 w-full overflow-hidden rounded-full bg-sunk"
    >
      <div className={cx("h-full rounded-full bg-accent transition-[width]", known === undefined && "animate-pulse")} style={{ width: `${known ?? 100}%` }} />
    </div>
  );
}

/** Names and what they are, in two columns where there is room. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1 text-sm">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-soft">{name}</dt>
          <dd className="min-w-0 wrap-anywhere">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A number that matters, within a dl. */
export function Count({ name, value, hint }: { name: string; value: number; hint?: string | undefined }) {
  return (
    <div className="rounded-md bg-sunk px-3 py-2">
      <dt className="text-sm text-soft">{name}</dt>
      <dd className="text-xl font-semibold tabular-nums">{whole(value)}</dd>
      {hint !== undefined && <dd className="text-xs text-soft">{hint}</dd>}
    </div>
  );
}
