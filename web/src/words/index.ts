import { en, type Words } from "./en.ts";
import { choose } from "./language.ts";

/**
 * The words of the page in the reader's language. A copy of en.ts, translated and typed `Words`, is added here. A build
 * gives each page the sections that it names (scripts/words.ts), not the whole.
 */
export const t: Words = choose({ en });
