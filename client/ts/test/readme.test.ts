import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { mock, test } from "node:test";
import { inspect } from "node:util";
import { baseUrl, email, password } from "./server.js";

const root = new URL("../../", import.meta.url);
const examples = (await readdir(new URL("examples/", root))).map((name) => name.replace(/\.ts$/, ""));

/** The parts of the examples, by their names: what stands between the lines "README: name" and "README: end". */
async function parts(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of examples) {
    const text = await readFile(new URL(`examples/${name}.ts`, root), "utf8");
    for (const [, part, code] of text.matchAll(/^\/\/ README: (?!end)(\w+)\n(.*?)^\/\/ README: end$/gms)) {
      found.set(part ?? "", (code ?? "").trim());
    }
  }
  return found;
}

void test("the examples are those of README.md here and of the project's", async () => {
  const readmes = await Promise.all(["README.md", "../../README.md"].map((path) => readFile(new URL(path, root), "utf8")));
  const shown = [...readmes.join("\n").matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => (code ?? "").trim());
  assert.deepEqual(shown.sort(), [...(await parts()).values()].sort());
});

for (const name of examples.filter((name) => name !== "page")) {
  void test(`the example ${name} runs`, async () => {
    Object.assign(process.env, { EDGEVALUE_URL: baseUrl, EMAIL: email, PASSWORD: password });
    const log = mock.method(console, "log", () => undefined);
    await import(new URL(`build/examples/${name}.js`, root).href);
    log.mock.restore();
    const lines = log.mock.calls.map((call) => call.arguments.map((value) => inspect(value)).join(" "));
    assert.match(lines.join("\n"), expected[name] ?? /./);
  });
}

const expected: Record<string, RegExp> = {
  // newproject:companies
  read: /^'Apple Inc\.' .*\n(.*\n)*'2012-09-29' 156508000000 'USD'/,
  decimals: Number(process.versions.node.split(".")[0]) < 22 ? /^'.+' 109\.33$/ : /^'.+' '109\.33'$/,
  past: /'2012-09-29'/,
  upload: /^'(succeeded|unchanged)' /,
  // newproject:end
  login: /^'.+@.+'$/,
  problems: /^'\/email' 'must be an email address'$/m,
  keep: /^'log in first' 'function'$/,
};
