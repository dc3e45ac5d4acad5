import type { Session } from "./session.js";
import { isProblem } from "./problem.js";

/** What a program sends to say who it is: an access token or API key, what returns one for each request, or a session. */
export type Token = string | (() => string | undefined | Promise<string | undefined>) | Session;

/** How requests are sent. */
export interface TransportOptions {
  /** An access token or API key, a function that returns one for each request, or a {@link Session}. */
  token?: Token | null | undefined;
  /**
   * How often a request is repeated after 429 and 503, at the time that `Retry-After` says, and without one after about
   * 1, 2, 4 and so on seconds. 3 unless given; 0 is never.
   * After 503 those are repeated that can be without harm: GET, HEAD, PUT and DELETE, and others with an
   * `Idempotency-Key`. A body that is a stream is never sent again.
   */
  retries?: number | undefined;
  /** How many seconds a call waits for that in all; what would take longer is answered at once. 60 unless given. */
  maxWait?: number | undefined;
  /** In place of the global one. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
}

/** A request that knows what its body was made of, to send it again. */
export class SourceRequest extends Request {
  readonly source: BodyInit | null;

  constructor(input: RequestInfo | URL, init: RequestInit = {}) {
    super(input, init.body instanceof ReadableStream ? ({ ...init, duplex: "half" } as RequestInit) : init);
    this.source = init.body ?? null;
  }

  /** Middleware may return requests of the platform. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Request;
  }
}

/** Whether the request can be sent a second time. */
function repeatable(request: Request): boolean {
  if (request.body === null && !(request as Partial<SourceRequest>).source) return true;
  const { source } = request as Partial<SourceRequest>;
  return source != null && !(source instanceof ReadableStream);
}

/** The request to send, with another token. */
function toSend(request: Request, token: string | undefined): Request {
  const headers = new Headers(request.headers);
  if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
  if (!repeatable(request)) return new Request(request, { headers });
  const { source } = request as Partial<SourceRequest>;
  if (source == null) return new Request(request, { headers });
  if (source instanceof FormData) headers.delete("Content-Type"); // the new one has another boundary
  return new Request(request, { headers, body: source });
}

/** Returns the fetch of a client: with its token, again after a refused one, and again when the server says so. */
export function transport(options: TransportOptions): (request: Request) => Promise<Response> {
  const { token, retries = 3, maxWait = 60, fetch = (request: Request) => globalThis.fetch(request) } = options;
  const session = typeof token === "object" ? token : null;
  const current = () => (typeof token === "string" ? token : typeof token === "function" ? token() : token?.token());

  return async (request) => {
    const { signal } = request;
    const own = request.headers.has("Authorization") || request.headers.has("X-API-Key");
    let renewed = false;
    let waited = 0;
    for (let tries = 0; ; ) {
      signal.throwIfAborted();
      const bearer = own ? undefined : await abortable(Promise.resolve(current()), signal);
      const response = await fetch(toSend(request, bearer));
      if (response.status === 401 && session && bearer !== undefined && !renewed) {
        renewed = true;
        const other = await abortable(session.renew(bearer), signal);
        if (other === undefined || !repeatable(request)) return response;
        await response.body?.cancel();
      } else {
        const wait = retryAfter(response, tries);
        if (tries >= retries || waited + wait > maxWait || !(await mayRepeat(request, response))) return response;
        waited += wait;
        tries++;
        await response.body?.cancel();
        await sleep(wait, signal);
      }
    }
  };
}

const harmless = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];

/** Whether an answer asks to come again, and nothing was done that would be done twice. */
async function mayRepeat(request: Request, response: Response): Promise<boolean> {
  if (!repeatable(request)) return false;
  if (response.status === 429) return true;
  if (response.status !== 503) return false;
  if (harmless.includes(request.method) || request.headers.has("Idempotency-Key")) return true;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return isProblem(body) && body.type.endsWith("/problems/too-many-uploads"); // of which nothing was read
}

/** How many seconds to wait: what the answer says, in seconds or as a date, or longer each time. */
function retryAfter(response: Response, tries: number): number {
  const value = response.headers.get("Retry-After")?.trim();
  const seconds = !value ? NaN : /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? 2 ** tries * (0.5 + Math.random() / 2) : Math.max(seconds, 0);
}

async function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await abortable(new Promise((resolve) => (timer = setTimeout(resolve, seconds * 1000))), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a promise, or until the signal aborts. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const done = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", stop, { once: true, signal: done.signal });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    done.abort();
  }
}
