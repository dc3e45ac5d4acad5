/** How many companies can be compared. */
export const most = 6;

// Tickers are alike whatever their case and their dots, dashes and slashes.
const alike = (ticker: string) => ticker.toUpperCase().replace(/[./]/g, "-");

/** The tickers of an address, each once. */
export function parseTickers(text: string | undefined): string[] {
  const found = new Map<string, string>();
  for (const part of (text ?? "").split(",")) {
    const ticker = part.trim().toUpperCase();
    if (ticker !== "" && !found.has(alike(ticker))) found.set(alike(ticker), ticker);
  }
  return [...found.values()].slice(0, most);
}
