/**
 * The client of EdgeValue for browsers and Node.js.
 *
 * @packageDocumentation
 */
export { createClient, type ApiClient, type ApiPaths, type ClientOf, type ClientOptions, type Knows, type PointInTimeClient, type PointInTimePaths, type Schemas, type Upload } from "./client.js";
export { localDate } from "./day.js";
export { pages, Pages, type Page, type PagedPath, type PageOf } from "./pages.js";
export { isProblem, ProblemError, unwrap, type Data, type Problem, type ProblemOf, type ProblemType, type Result } from "./problem.js";
export { login, resume, Session, type Credentials, type SessionOptions, type Tokens, type TokenStore } from "./session.js";
export type { Token, TransportOptions } from "./transport.js";
export { version } from "../../../gen/ts/contract.js";
