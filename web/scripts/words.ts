import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import type { Plugin } from "vite";

const prefix = "virtual:words/";

/** The sections of a file of words: the text of each property of its object. */
function sections(file: string): Map<string, string> {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const all = new Map<string, string>();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    let object = statement.declarationList.declarations[0]?.initializer;
    while (object && (ts.isSatisfiesExpression(object) || ts.isAsExpression(object))) object = object.expression;
    if (!object || !ts.isObjectLiteralExpression(object)) throw new Error(`${file}: the words are one object`);
    for (const p of object.properties) {
      if (!ts.isPropertyAssignment(p)) throw new Error(`${file}: ${p.getText()}: a section is a property with a value`);
      all.set(p.name.getText(), p.initializer.getText());
    }
  }
  return all;
}

/**
 * Gives each module the sections of words that it names, `t.state` that of `state`, so that a page loads its own words and no
 * others. `folder` has a file for each language, index.ts and language.ts.
 */
export function words(folder: string): Plugin {
  const languages = readdirSync(folder)
    .map((name) => name.replace(/\.ts$/, ""))
    .filter((name) => name !== "index" && name !== "language");
  return {
    name: "words",
    apply: "build",
    enforce: "pre",
    resolveId: (id) => (id.startsWith(prefix) ? `${folder}/${id.slice(prefix.length)}.ts` : undefined),
    load(id) {
      const [section, language] = id.startsWith(`${folder}/`) ? id.slice(folder.length + 1, -".ts".length).split("@") : [];
      if (language === undefined || section === undefined) return undefined;
      if (language !== "all") {
        this.addWatchFile(`${folder}/${language}.ts`);
        return `export default ${sections(`${folder}/${language}.ts`).get(section) ?? "{}"};`;
      }
      const imports = languages.map((l) => `import ${l} from "${prefix}${section}@${l}";`);
      return `${imports.join("\n")}\nimport { choose } from "./language.ts";\nexport default choose({ ${languages.join(", ")} });`;
    },
    transform(code, id) {
      const whole = /^import \{ t \} from "[./]+\/words\/index\.ts";$/m;
      if (!/\.tsx?$/.test(id) || !whole.test(code)) return undefined;
      const known = sections(`${folder}/en.ts`);
      const used = new Set<string>();
      const parts: string[] = [];
      let done = 0;
      let rest = false;
      const visit = (node: ts.Node): void => {
        if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
        if (ts.isPropertyAccessExpression(node)) {
          const section = node.name.text;
          if (!ts.isIdentifier(node.expression) || node.expression.text !== "t" || !known.has(section)) return visit(node.expression);
          parts.push(code.slice(done, node.getStart()), `words_${section}`);
          done = node.end;
          used.add(section);
        } else if (ts.isIdentifier(node) && node.text === "t") rest = true;
        else ts.forEachChild(node, visit);
      };
      visit(ts.createSourceFile(id, code, ts.ScriptTarget.Latest, true));
      const named = parts.join("") + code.slice(done);
      if (rest) this.warn(`${id}: all words are loaded for one use of t that names no section`);
      const imports = [...used].map((section) => `import words_${section} from "${prefix}${section}@all";`);
      return { code: named.replace(whole, [...imports, ...(rest ? [whole.exec(code)?.[0] ?? ""] : [])].join(" ")), map: null };
    },
  };
}
