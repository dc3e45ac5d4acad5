import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { sizes } from "./scripts/size.ts";
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

/** Leaves the code of libraries out of source maps: they are committed, and much smaller so. */
function ownSources(): Plugin {
  return {
    name: "own-sources",
    writeBundle({ dir = "" }, bundle) {
      for (const name of Object.keys(bundle).filter((name) => name.endsWith(".map"))) {
        const map = JSON.parse(readFileSync(`${dir}/${name}`, "utf8")) as { sources: string[]; sourcesContent: (string | null)[] };
        const own = map.sources.map((source) => !source.includes("node_modules/"));
        map.sourcesContent = map.sourcesContent.map((text, i) => (own[i] ? text : null));
        if (own.includes(true)) writeFileSync(`${dir}/${name}`, JSON.stringify(map));
        else rmSync(`${dir}/${name}`);
      }
    },
  };
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const server = process.env["SERVER_URL"] ?? "http://localhost:8080";

export default defineConfig({
  plugins: [words(path("src/words")), react(), tailwindcss(), routes(), ownSources(), sizes({ addresses, limit: 150_000 })],
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
    // What every page needs is one file: that is smaller and sooner there than the many that pages share parts of.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "base", tags: ["$initial"] }] } } },
  },
  server: {
    port: 5173,
    // What is not the page's is the server's, as in production.
    proxy: Object.fromEntries(
      ["/api", "/docs", "/redoc", "/problems", "/jobs", "/login", "/logout", "/favicon.ico", "^/assets/[0-9a-f]+/"].map((at) => [at, { target: server }]),
    ),
  },
});
