import { createClient, localDate, unwrap } from "@edgevalue/client";

const baseUrl = process.env["EDGEVALUE_URL"] ?? "http://localhost:8080";

// README: decimals
// Node.js 22, Chrome 114 and newer tell a reviver the text of each value; elsewhere a library such as lossless-json does.
type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;
const texts: Reviver = (key, value, context) => (key === "close" ? (context?.source ?? value) : value);
const exact = createClient({ baseUrl, parse: (text): unknown => JSON.parse(text, texts) });
// README: end

const params = { path: { ticker: "AAPL" }, query: { page_size: 1 } };
const { items } = await unwrap(exact.GET("/companies/{ticker}/prices", { params }));
// README: dates
for (const price of items) console.log(localDate(price.date).toLocaleDateString(), price.close);
// README: end
