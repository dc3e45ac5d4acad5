import { createClient, isProblem, login, ProblemError, unwrap } from "@edgevalue/client";

const baseUrl = process.env["EDGEVALUE_URL"] ?? "http://localhost:8080";
const email = process.env["EMAIL"] ?? "admin@example.com";
const password = process.env["PASSWORD"] ?? "";
const session = await login({ baseUrl, email, password });
const client = createClient({ baseUrl, token: session });

// README: problems
try {
  await unwrap(client.POST("/users", { body: { email: "ada", password: "short" } }));
} catch (e) {
  if (isProblem(e, "invalid")) {
    for (const { field, message } of e.errors ?? []) console.log(field, message);
  } else if (e instanceof ProblemError) {
    console.log(e.status, e.message, e.request_id); // the id finds the request in the server's logs
  } else {
    throw e; // no answer
  }
}
// README: end

await session.logout();
