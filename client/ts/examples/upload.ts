import { createClient, login, unwrap } from "@edgevalue/client";

const baseUrl = process.env["EDGEVALUE_URL"] ?? "http://localhost:8080";
const email = process.env["EMAIL"] ?? "admin@example.com";
const password = process.env["PASSWORD"] ?? "";
const session = await login({ baseUrl, email, password });
const client = createClient({ baseUrl, token: session });

// README: upload
const file = new File(["date,close\n2026-01-30,259.48\n"], "AAPL.csv"); // such as input.files[0]
const query = { ticker: "AAPL", file_name: file.name };
let upload = await unwrap(client.POST("/imports/prices", { params: { query }, body: file }));
while (upload.state === "queued" || upload.state === "running") {
  await new Promise((resolve) => setTimeout(resolve, 200));
  upload = await unwrap(client.GET("/imports/{id}", { params: { path: { id: upload.id } } }));
}
console.log(upload.state, upload.written, upload.unchanged);
// README: end

await session.logout();
