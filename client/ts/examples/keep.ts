import { createClient, resume, type TokenStore } from "@edgevalue/client";

const baseUrl = process.env["EDGEVALUE_URL"] ?? "http://localhost:8080";
const kept = new Map<string, string>();
const localStorage = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => kept.set(key, value),
  removeItem: (key: string) => kept.delete(key),
};

// README: keep
const store: TokenStore = {
  load: () => JSON.parse(localStorage.getItem("tokens") ?? "null") as ReturnType<TokenStore["load"]>,
  save: (tokens) => {
    if (tokens) localStorage.setItem("tokens", JSON.stringify(tokens));
    else localStorage.removeItem("tokens");
  },
};
const session = await resume({ baseUrl, store }); // null: login({ ..., store })
const client = createClient({ baseUrl, token: session });
// README: end

console.log(session?.active ?? "log in first", typeof client.GET);
