import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Subject } from "./statement-queries.ts";

/** A subject in an address: `84.free_cash_flow`, `AAPL.2017-12-29.price_to_sales_ratio`. */
export const proofOf = (s: Subject): string => ("statement" in s ? `${s.statement}.${s.field}` : `${s.ticker}.${s.date}.${s.field}`);

/** The subject of an address, undefined if it is none. */
export function parseProof(text: unknown): Subject | undefined {
  if (typeof text !== "string") return undefined;
  const [, ticker, date, ratio] = /^(.+)\.(\d{4}-\d\d-\d\d)\.([\w.]+)$/.exec(text) ?? [];
  if (ticker !== undefined && date !== undefined && ratio !== undefined) return { ticker, date, field: ratio };
  const [, statement, field] = /^(\d{1,15})\.([\w.]+)$/.exec(text) ?? [];
  return statement !== undefined && field !== undefined ? { statement: Number(statement), field } : undefined;
}

/** The proof that the address asks for, and how to ask for another. A button that opens one has `data-proof={proofOf(...)}`: focus returns to it. */
export function useProof(): { subject: Subject | undefined; open: (s: Subject) => void; close: () => void } {
  const text = useSearch({ strict: false, select: (s: { proof?: string }) => s.proof });
  const navigate = useNavigate();
  const is = typeof text === "string";
  const open = useCallback(
    (s: Subject) => void navigate({ to: ".", search: (old: object) => ({ ...old, proof: proofOf(s) }), replace: is, resetScroll: false } as Parameters<typeof navigate>[0]),
    [navigate, is],
  );
  const close = useCallback(
    () => void navigate({ to: ".", search: (old: object) => ({ ...old, proof: undefined }), resetScroll: false } as Parameters<typeof navigate>[0]),
    [navigate],
  );
  return { subject: parseProof(text), open, close };
}
