/** The kinds of files, each with what can be said about one. */
export const parametersOf = {
  companies: [],
  sec_company_facts: ["ticker", "exchange", "other_cik"],
  prices: ["ticker", "adjusted", "adjusted_as_of"],
  splits: [],
  exchange_rates: [],
} as const satisfies Record<string, readonly (keyof Parameters)[]>;

export type Kind = keyof typeof parametersOf;

/** What a person says about a file. What is empty is not said. */
export interface Parameters {
  ticker?: string;
  exchange?: string;
  other_cik?: "new" | "former";
  adjusted?: "splits";
  /** Only of adjusted prices. */
  adjusted_as_of?: string;
}

const names: readonly [RegExp, Kind][] = [
  [/company_?tickers|companies/i, "companies"],
  [/company_?facts|^CIK\d{10}\b/i, "sec_company_facts"],
  [/eurofxref|exchange|rates/i, "exchange_rates"],
  [/splits?/i, "splits"],
  [/prices?|_us_d|historical|\.csv/i, "prices"],
];

/** The kind of a file by its name, as far as that tells. */
export const kindOf = (fileName: string): Kind | undefined => names.find(([name]) => name.test(fileName))?.[1];

/** What of the parameters goes with a kind of file. */
export function parametersFor(kind: Kind, parameters: Parameters): Parameters {
  const said: readonly (keyof Parameters)[] = parametersOf[kind];
  return Object.fromEntries(
    said.flatMap((name) => {
      const value = parameters[name]?.trim();
      return value && (name !== "adjusted_as_of" || parameters.adjusted) ? [[name, value]] : [];
    }),
  );
}
