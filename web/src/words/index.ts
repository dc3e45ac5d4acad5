import { en, type Words } from "./en.ts";

/** The languages that the page has: a copy of en.ts, translated, typed `Words`, is added here. */
const languages: Record<string, Words> = { en };

const chosen = navigator.languages.map((l) => l.split("-")[0] ?? "").find((l) => l in languages) ?? "en";
document.documentElement.lang = chosen;

/** The words of the page in the reader's language. */
export const t: Words = languages[chosen] ?? en;

/** The word for a value of the API. One that a later server has, and the page does not know, stands as it is. */
export const named = (names: Readonly<Record<string, string>>, value: string): string => (Object.hasOwn(names, value) ? names[value] : undefined) ?? value;
