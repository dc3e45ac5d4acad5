/** One value that an event tells of: what it was and what it became, or what it is. */
export interface Told {
  field: string;
  before?: string;
  after?: string;
}

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
const said = (v: unknown): string => (typeof v === "string" ? v : JSON.stringify(v));

/** What the detail of an event tells: its changes by field, then the rest. */
export function told(detail: Record<string, unknown>): Told[] {
  const { before, after, ...rest } = detail;
  const was = isRecord(before) ? before : {};
  const is = isRecord(after) ? after : {};
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return [
    ...fields.map((field) => ({ field, ...(field in was && { before: said(was[field]) }), ...(field in is && { after: said(is[field]) }) })),
    ...Object.entries(rest).map(([field, v]) => ({ field, after: said(v) })),
  ];
}
