import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { words } from "./scripts/words.ts";
import { addresses } from "./src/addresses.ts";

/** Writes the addresses of the page, which the server answers with it. */
function routes(): Plugin {
  return {
    name: "routes",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "routes.json", source: `${JSON.stringify({ routes: addresses }, null, 2)}\n` });
    },
  };
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const server = process.env["SERVER_URL"] ?? "http://localhost:8080";

export default defineConfig({
  plugins: [words(path("src/words")), react(), tailwindcss(), routes()],
  resolve: {
    alias: { "@edgevalue/client": path("../client/ts/src/index.ts") },
    dedupe: ["react", "react-dom"],
  },
  build: {
    target: "es2022",
    outDir: path("../internal/web/dist"),
    emptyOutDir: true,
    sourcemap: "hidden",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: {
    port: 5173,
    // What is not the page's is the server's, as in production.
    proxy: { "^/((api|docs|redoc|problems|jobs|login|logout|livez|readyz|robots\\.txt|favicon\\.ico)(?=[/?]|$)|assets/[0-9a-f]+/)": { target: server } },
  },
});
