import { createClient, isProblem, pages } from "@edgevalue/client";

const baseUrl = process.env["EDGEVALUE_URL"] ?? "http://localhost:8080";

// README: read
const client = createClient({ baseUrl }); // with token: "ev_..." for what is not public

const { data: apple, error } = await client.GET("/companies/{ticker}", { params: { path: { ticker: "AAPL" } } });
if (isProblem(error, "not-found")) console.log("no such company");
else if (apple) console.log(apple.name, apple.number_of_shares);

const params = { path: { ticker: "AAPL" }, query: { period: "annual" } } as const;
for await (const s of pages(client.GET, "/companies/{ticker}/financial-statements", { params })) {
  console.log(s.end_date, s.total_revenues, s.currency);
}
// README: end
