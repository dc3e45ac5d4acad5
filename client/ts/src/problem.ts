import { problemTypes } from "../../../gen/ts/contract.js";
import type { components } from "../../../gen/ts/schema.js";

/** The body of every error: an RFC 9457 problem. */
export type Problem = components["schemas"]["Problem"];

/** The name of a type of problems, such as `not-found`. A later version of the server may have others. */
export type ProblemType = keyof typeof problemTypes;

/** A problem of the given type. Its `errors` are the values that cannot be accepted, when it is `invalid`. */
export type ProblemOf<T extends ProblemType> = {
  [Name in T]: Problem & { readonly type: `/problems/${Name}`; readonly status: (typeof problemTypes)[Name]["status"] };
}[T];

const prefix = "/problems/";

/** An answer that is an error, thrown. It has the fields of its problem, so that {@link isProblem} tells both. */
export class ProblemError extends Error implements Problem {
  override readonly name = "ProblemError";
  /** The body of the answer. One that is no problem, such as a proxy's page, is told as one of type `about:blank`. */
  readonly problem: Problem;
  readonly response: Response;
  readonly type: string;
  readonly title: string;
  readonly status: number;
  declare readonly detail?: string;
  /** The request's id in the server's logs. */
  declare readonly request_id?: string;
  /** One entry per wrong value. */
  declare readonly errors?: NonNullable<Problem["errors"]>;

  /**
   * @param body - the body of the answer
   * @param response - the answer
   */
  constructor(body: unknown, response: Response) {
    const problem = isBody(body) ? body : { type: "about:blank", title: response.statusText || "Error", status: response.status };
    const said = problem.errors?.map((e) => `${e.field} ${e.message}`.trim()).join("; ") ?? problem.detail;
    super(`${String(problem.status)} ${problem.title}${said ? `: ${said}` : ""}`);
    this.problem = problem;
    this.response = response;
    this.type = problem.type;
    this.title = problem.title;
    this.status = problem.status;
    if (problem.detail !== undefined) this.detail = problem.detail;
    if (problem.errors !== undefined) this.errors = problem.errors;
    const id = problem.request_id ?? response.headers.get("X-Request-Id");
    if (id) this.request_id = id;
  }
}

function isBody(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false;
  const { type, title, status } = value as Partial<Record<keyof Problem, unknown>>;
  return typeof type === "string" && typeof title === "string" && typeof status === "number";
}

/**
 * Tells whether something is a problem of one of the given types: the `error` of a call, or what was thrown.
 *
 * @example
 * if (isProblem(error, "ticker-taken", "cik-taken")) ...
 */
export function isProblem<T extends ProblemType>(error: unknown, ...types: [T, ...T[]]): error is ProblemOf<T>;
/** Tells whether something is a problem of any type. */
export function isProblem(error: unknown): error is Problem;
export function isProblem(error: unknown, ...types: string[]): boolean {
  if (!isBody(error)) return false;
  return types.length === 0 || types.some((type) => error.type.endsWith(prefix + type));
}

/** What a call of a client resolves to. */
export interface Result {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** The data of a call that succeeds, `undefined` of one without. */
export type Data<R extends Result> = Succeeded<R> extends infer D ? ([D] extends [never] ? undefined : D) : never;
type Succeeded<R> = R extends { error: unknown } ? never : R extends { data: infer D } ? D : never;

/**
 * Returns the data of a call, or throws its error as a {@link ProblemError}.
 *
 * @example
 * const company = await unwrap(client.GET("/companies/{ticker}", { params: { path: { ticker: "AAPL" } } }));
 */
export async function unwrap<R extends Result>(result: R | PromiseLike<R>): Promise<Data<R>> {
  const { data, error, response } = await result;
  if (!response.ok) throw new ProblemError(error, response);
  return data as Data<R>;
}
