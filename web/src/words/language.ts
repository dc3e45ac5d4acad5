/** Chooses by the reader's languages, `en` if there is none of them. */
export function choose<W>(languages: Record<string, W> & { en: W }): W {
  const name = navigator.languages.map((l) => l.split("-")[0] ?? "").find((l) => Object.hasOwn(languages, l)) ?? "en";
  document.documentElement.lang = name;
  return languages[name] ?? languages.en;
}

/** The word for a value of the API. One that a later server has, and the page does not know, stands as it is. */
export const named = (names: Readonly<Record<string, string>>, value: string): string => (Object.hasOwn(names, value) ? names[value] : undefined) ?? value;
