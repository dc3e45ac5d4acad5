/** What a program is told, and how it answers. */
export interface Settings {
  /** The API, such as http://localhost:8080/api/v1. */
  baseUrl: string;
  username: string;
  password: string;
  /** A ticker that no company has. */
  ticker: string;
  /** The prices to upload. */
  file: File;
  /** Says that a step has gone well. */
  done(step: string, what: string): void;
}

/** Throws unless two values are alike, as JSON. */
export function equal(got: unknown, want: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(want)) {
    throw new Error(`${JSON.stringify(got)} instead of ${JSON.stringify(want)}`);
  }
}

/** Throws with a message unless a condition holds. */
export function check(holds: unknown, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The prices of the file as they are stored: the day, the opening and the closing price. */
export const stored = [
  ["2024-01-02", 109.01, 109.33],
  ["2024-01-03", null, 184.25],
  ["2024-01-04", null, 181.91],
];
