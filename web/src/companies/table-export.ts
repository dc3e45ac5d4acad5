/** A table as it leaves the page, with exact numbers; its first column names the rows. */
export interface ExportTable {
  caption: string;
  head: string[];
  rows: (string | number | null)[][];
}

type Cell = string | number | null;

// A spreadsheet would carry out text that begins so. Numbers are numbers.
const safe = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

/** A number without an exponent, which every program reads. */
function plain(v: number): string {
  const text = String(v);
  return text.includes("e") ? v.toLocaleString("en-US", { useGrouping: false, maximumFractionDigits: 20 }) : text;
}

const text = (v: Cell): string => (v === null ? "" : typeof v === "number" ? plain(v) : safe(v));

const lines = ({ head, rows }: ExportTable): string[][] => [head, ...rows].map((row) => row.map(text));

/** The table as RFC 4180 has it. It begins with a byte order mark, without which Excel misreads names. */
export const csv = (table: ExportTable): string =>
  "\uFEFF" + lines(table).map((row) => row.map((v) => (/[",\r\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v)).join(",") + "\r\n").join("");

/** The table with tabs, as programs paste it. */
export const tsv = (table: ExportTable): string => lines(table).map((row) => row.map((v) => v.replace(/\s+/g, " ")).join("\t")).join("\n");

const escaped = (v: string): string => v.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** The table as documents paste it. */
export function html(table: ExportTable): string {
  const [head = [], ...rows] = lines(table);
  const row = (cells: string[], tag: string) => `<tr>${cells.map((v, i) => `<${i === 0 ? "th" : tag}>${escaped(v)}</${i === 0 ? "th" : tag}>`).join("")}</tr>`;
  return `<table><caption>${escaped(table.caption)}</caption><thead>${row(head, "th")}</thead><tbody>${rows.map((r) => row(r, "td")).join("")}</tbody></table>`;
}

/** Copies the table for documents and spreadsheets. */
export async function copyTable(table: ExportTable): Promise<void> {
  await navigator.clipboard.write([
    new ClipboardItem({
      "text/html": new Blob([html(table)], { type: "text/html" }),
      "text/plain": new Blob([tsv(table)], { type: "text/plain" }),
    }),
  ]);
}

/** A name of a file of parts such as ticker, period and day. */
export const fileName = (...parts: string[]): string => parts.map((p) => p.replace(/[^\p{L}\p{N}.-]+/gu, "-")).join("-");

/** Saves the table as a CSV file. */
export function downloadCsv(table: ExportTable, name: string): void {
  const url = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
