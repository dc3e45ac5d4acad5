import { describe, expect, it } from "vitest";
import { words } from "../scripts/words.ts";

const transform = words(`${import.meta.dirname}/../src/words`).transform as (this: { warn: (text: string) => void }, code: string, id: string) => { code: string } | undefined;

describe("words", () => {
  const made = (code: string, warnings: string[] = []) =>
    transform.call({ warn: (text) => warnings.push(text) }, `import { t } from "../words/index.ts";\n${code}`, "/src/companies/page.tsx")?.code;

  it("names the sections wherever a module uses them", () => {
    const code = made("f(t.nav.skip, { ...t.nav, ...t.accounts.menu }, x.t.nav, at.nav);");
    expect(code).toContain("f(words_nav.skip, { ...words_nav, ...words_accounts.menu }, x.t.nav, at.nav);");
    expect(code).toContain('from "virtual:words/accounts@all"');
    expect(code).not.toContain("words/index.ts");
  });

  it("keeps all words where no section is named", () => {
    for (const use of ["f(t[section]);", "f({ ...t });"]) {
      const warnings: string[] = [];
      expect(made(use, warnings)).toContain('import { t } from "../words/index.ts";');
      expect(warnings).toHaveLength(1);
    }
  });
});
