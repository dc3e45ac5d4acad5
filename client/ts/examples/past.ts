import { createClient, unwrap } from "@edgevalue/client";

const baseUrl = process.env["EDGEVALUE_URL"] ?? "http://localhost:8080";

// README: past
const past = createClient({ baseUrl, asOf: "2012-12-31" });

const call = past.GET("/companies/{ticker}/value-metrics", { params: { path: { ticker: "AAPL" } } });
const { items } = await unwrap(call);
console.log(items.map((m) => m.end_date));
// README: end
