// Runs a program of a TypeScript client: node run.mjs PROGRAM BASE_URL TICKER FILE, with USERNAME and PASSWORD in the environment. It prints
// a line for each step that has gone well: its name, a tab, and what was done.
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";

const [program, baseUrl, ticker, path] = process.argv.slice(2);
const { run } = await import(resolve(program));
await run({
  baseUrl,
  ticker,
  username: process.env.USERNAME,
  password: process.env.PASSWORD,
  file: new File([await readFile(path)], basename(path), { type: "text/csv" }),
  done: (step, what) => console.log(`${step}\t${what}`),
});
