import { createClient, login, unwrap } from "@edgevalue/client";

const baseUrl = process.env["EDGEVALUE_URL"] ?? "http://localhost:8080";
const email = process.env["EMAIL"] ?? "admin@example.com";
const password = process.env["PASSWORD"] ?? "";

// README: login
const session = await login({ baseUrl, email, password }); // and otp, for who has a second factor
const client = createClient({ baseUrl, token: session });

const me = await unwrap(client.GET("/users/me"));
console.log(me.email);

await session.logout();
// README: end
