// Measures what the first load of each page transfers, gzip-compressed: index.html, its script, style sheet and what those import
// at once, and the code of the page. Fails above the limit.
import { readFile, readdir } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const limit = 150_000; // bytes
const dist = new URL("../../internal/web/dist/", import.meta.url);
const files = new Map();
for (const name of await readdir(new URL("assets/", dist))) if (/\.(js|css)$/.test(name)) files.set(name, await readFile(new URL(`assets/${name}`, dist), "utf8"));
const index = await readFile(new URL("index.html", dist), "utf8");

const size = (text) => gzipSync(text, { level: 9 }).length;
const imports = (text) => [...text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)].map((m) => m[1]);

/** The files that some need at once, with themselves. */
function closure(names) {
  const all = new Set(names);
  for (const name of all) for (const next of imports(files.get(name) ?? "")) all.add(next);
  return all;
}

const first = closure([...index.matchAll(/\/assets\/([^"]+)"/g)].map((m) => m[1]).filter((name) => files.has(name)));
const theme = await readFile(new URL("theme.js", dist), "utf8");
const sum = (names) => size(index) + size(theme) + [...names].reduce((n, name) => n + size(files.get(name) ?? ""), 0);

const base = sum(first);
let worst = base;
console.log(`${(base / 1000).toFixed(1).padStart(7)} KB  every page`);
for (const entry of files.keys()) {
  // Pages are what the entry imports lazily with their names as their files have them.
  if (!/^[A-Z]/.test(entry) || !entry.endsWith(".js") || first.has(entry)) continue;
  const total = sum(new Set([...first, ...closure([entry]), ...[...files.keys()].filter((f) => f.endsWith(".css") && f.split("-")[0] === entry.split("-")[0])]));
  worst = Math.max(worst, total);
  console.log(`${(total / 1000).toFixed(1).padStart(7)} KB  with ${entry.replace(/-[^-]{8}\.js$/, "")}`);
}
if (worst > limit) {
  console.error(`the first load of a page is over ${limit / 1000} KB`);
  process.exit(1);
}
