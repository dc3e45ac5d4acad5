import { en, type Words } from "./en.ts";

/** The languages that the page has: a copy of en.ts, translated, typed `Words`, is added here. */
const languages: Record<string, Words> = { en };

const chosen = navigator.languages.map((l) => l.split("-")[0] ?? "").find((l) => l in languages) ?? "en";
document.documentElement.lang = chosen;

/** The words of the page in the reader's language. */
export const t: Words = languages[chosen] ?? en;
