import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

/** What loads after the page shows, though nobody asked for it, and when. What else is imported lazily waits for a person. */
const unasked: Record<string, string> = { AccountMenu: "if signed in", LineChart: "as its figures come" };

/** The files of each address's page by the sources of the routes: its own and those of the frames around it. */
function pages(sources: string[]): Map<string, string[]> {
  const frames = new Map([["rootRoute", { address: "", files: [] as string[] }]]);
  const found = new Map<string, string[]>();
  for (const source of sources) {
    const routes = readFileSync(source, "utf8").matchAll(/(?:const (\w+) = )?createRoute\(\{\s*getParentRoute: \(\) => (\w+),\s*path: "([^"]*)"[^]*?\bimport\("([^"]+)"\)/g);
    for (const [, name = "", parent = "", path = "", file = ""] of routes) {
      const frame = frames.get(parent);
      if (!frame) throw new Error(`${source}: the parent ${parent} of ${path} is not known`);
      const address = path === "/" ? frame.address || "/" : `${frame.address}/${path.replaceAll(/\$(\w+)/g, "{$1}")}`;
      const files = [...frame.files, resolve(dirname(source), file)];
      frames.set(name, { address, files });
      found.set(address, files);
    }
  }
  return found;
}

/**
 * Measures what the first load of each address transfers, compressed as the server does it: index.html, what it names, the code
 * and style sheets of the page, and what those import at once. A build with a page of more than `limit` bytes fails.
 */
export function sizes({ addresses, limit }: { addresses: readonly string[]; limit: number }): Plugin {
  let say: (line: string) => void = console.log;
  let publicDir = "";
  return {
    name: "sizes",
    apply: "build",
    configResolved(config) {
      say = (line) => config.logger.info(line);
      publicDir = config.publicDir;
    },
    writeBundle(_, bundle) {
      const outputs = Object.values(bundle);
      const chunks = outputs.filter((o) => o.type === "chunk");
      const chunkOf = (id: string): Rolldown.OutputChunk => {
        const chunk = chunks.find((c) => c.facadeModuleId === id);
        return chunk ?? this.error(`${id} is no chunk of its own`);
      };
      const entry = chunks.find((c) => c.isEntry) ?? this.error("there is no entry");

      /** The files that some chunks need at once, with their own. */
      const closure = (of: Rolldown.OutputChunk[]): Set<string> => {
        const names = new Set(of.map((c) => c.fileName));
        for (const name of names) {
          const output = bundle[name];
          if (output?.type !== "chunk") continue;
          for (const next of [...output.imports, ...(output.viteMetadata?.importedCss ?? [])]) names.add(next);
        }
        return names;
      };
      const compressed = (content: string | Uint8Array): number => gzipSync(content, { level: 9 }).length;
      const measured = new Map(outputs.map((o) => [o.fileName, compressed(o.type === "chunk" ? o.code : o.source)]));
      const sum = (names: Iterable<string>): number => [...names].reduce((n, name) => n + (measured.get(name) ?? 0), 0);
      const kb = (n: number): string => (n / 1000).toFixed(1);

      const first = closure([entry]);
      const base = sum(["index.html", ...first]) + compressed(readFileSync(resolve(publicDir, "theme.js")));
      const routes = pages([...new Set(chunks.flatMap((c) => c.moduleIds))].filter((id) => /\/(routes|router)\.tsx$/.test(id)));
      const chunksOfPages = new Set([...routes.values()].flat().map((id) => chunkOf(id).fileName));

      say(`first load, KB compressed (${kb(base)} of every page):`);
      const over = addresses.filter((address) => {
        const files = routes.get(address) ?? this.error(`no route is the page of ${address}`);
        const all = new Set([...first, ...closure(files.map(chunkOf))]);
        const total = base + sum([...all].filter((name) => !first.has(name)));

        const lazy = new Set([...all].flatMap((name) => (bundle[name]?.type === "chunk" ? bundle[name].dynamicImports : [])).filter((name) => !chunksOfPages.has(name)));
        const later = [...lazy].flatMap((name) => {
          const chunk = bundle[name];
          if (chunk?.type !== "chunk") return [];
          const more = sum([...closure([chunk])].filter((n) => !all.has(n)));
          const when = unasked[chunk.name];
          return [{ when, text: `${chunk.name} ${kb(more)}${when === undefined ? "" : ` ${when}`}` }];
        });
        const listed = (is: boolean) => later.filter((l) => is === (l.when !== undefined)).map((l) => l.text).join(", ");
        say(`${kb(total).padStart(6)}  ${address.padEnd(30)} then: ${listed(true)}; on demand: ${listed(false)}`);
        return total >= limit;
      });
      if (over.length > 0) this.error(`the first load is ${limit} bytes or more of ${over.join(", ")}`);
    },
  };
}
