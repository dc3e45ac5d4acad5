import { createClient, type ApiClient, type Schemas } from "./client.js";
import { isProblem, ProblemError, unwrap } from "./problem.js";
import type { TransportOptions } from "./transport.js";

/** The tokens of a session. */
export interface Tokens {
  /** Of all tokens of one login, and of no other's. */
  session_id: string;
  access_token: string;
  /** Works once: whoever uses it must keep the next. */
  refresh_token: string;
  /** When the access token expires, in milliseconds since 1970 by this machine's clock. */
  expires_at: number;
}

/** Where tokens are kept between visits, and shared by tabs. */
export interface TokenStore {
  load(): Tokens | null | Promise<Tokens | null>;
  /** Keeps tokens, or with null none, when the session has ended. */
  save(tokens: Tokens | null): void | Promise<void>;
}

/** What a session is made with. */
export interface SessionOptions extends Pick<TransportOptions, "retries" | "maxWait" | "fetch"> {
  /** The server's address, such as `https://example.com`. */
  baseUrl: string;
  /** Where the tokens are kept. Without it they are gone with the session. */
  store?: TokenStore | undefined;
}

/** Who logs in. */
export interface Credentials {
  email: string;
  password: string;
  /** A code of the second factor, for accounts that have one. */
  otp?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Logs in and returns the session, which a client takes as its `token`.
 *
 * @throws ProblemError `unauthenticated` for a wrong email or password, `second-factor-required` without a code in `otp`
 * where there is a second factor
 */
export async function login(options: SessionOptions & Credentials): Promise<Session> {
  const { email, password, otp, signal, ...rest } = options;
  const body: Schemas["AccessTokenForm"] = { grant_type: "password", username: email, password };
  if (otp !== undefined) body.otp = otp;
  const client = anonymous(rest);
  const answer = await unwrap(client.POST("/login/access-token", { body, ...(signal && { signal }) }));
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
  const tokens = tokensOf(answer, id.join(""));
  await rest.store?.save(tokens);
  return new Session(rest, client, tokens);
}

/** Returns the session whose tokens the store has, or null if there is none. */
export async function resume(options: SessionOptions & { store: TokenStore }): Promise<Session | null> {
  const tokens = await options.store.load();
  return tokens && new Session(options, anonymous(options), tokens);
}

function anonymous({ baseUrl, retries, maxWait, fetch }: SessionOptions): ApiClient {
  return createClient({ baseUrl, retries, maxWait, fetch });
}

function tokensOf({ access_token, refresh_token, expires_in }: Schemas["AccessToken"], session_id: string): Tokens {
  return { session_id, access_token, refresh_token, expires_at: Date.now() + expires_in * 1000 };
}

/** Whether the access token has less than 30 seconds left. */
function expires(tokens: Tokens): boolean {
  return tokens.expires_at - 30_000 < Date.now();
}

/** A login: it renews its access token before that expires, and when the server refuses it. Made by {@link login}. */
export class Session {
  readonly #client: ApiClient;
  readonly #store: TokenStore | undefined;
  #tokens: Tokens | null;
  #renewing: Promise<void> | undefined;

  /** @internal */
  constructor(options: SessionOptions, client: ApiClient, tokens: Tokens) {
    this.#client = client;
    this.#store = options.store;
    this.#tokens = tokens;
  }

  /** Whether it goes on, as far as is known here. Requests of one that has ended go without a token. */
  get active(): boolean {
    return this.#tokens !== null;
  }

  /**
   * Returns an access token that has not expired, or undefined when the session has ended.
   *
   * @throws ProblemError when the token cannot be renewed now
   */
  async token(): Promise<string | undefined> {
    if (this.#tokens && expires(this.#tokens)) await this.#renew(this.#tokens.access_token);
    return this.#tokens?.access_token;
  }

  /** Returns another access token than the given one, which was refused, or undefined when the session has ended. */
  async renew(refused: string): Promise<string | undefined> {
    await this.#renew(refused);
    return this.#tokens?.access_token;
  }

  /**
   * Ends the session, on the server too.
   *
   * @throws ProblemError, or what `fetch` throws, when it has ended here and the server could not be told
   */
  async logout({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const held = this.#tokens;
    if (!held) return;
    await this.#renewing?.catch(() => undefined);
    await this.#takeStored();
    const { access_token, refresh_token } = this.#tokens ?? held;
    await this.#set(held.session_id, null);
    const end = (token: string) => this.#client.POST("/logout", { headers: { Authorization: `Bearer ${token}` }, ...(signal && { signal }) });
    let { error, response } = await end(access_token);
    if (response.status === 401) {
      const renewed = await this.#refresh(refresh_token, signal);
      if (renewed.response.status === 401) return; // it had ended
      ({ error, response } = await end((await unwrap(renewed)).access_token));
    }
    if (!response.ok && response.status !== 401) throw new ProblemError(error, response);
  }

  /**
   * Goes on with other tokens, or ends with null, and so does the store if it has tokens of this session. If it has not,
   * somebody has logged out or in there, and this session has ended.
   */
  async #set(session_id: string, tokens: Tokens | null): Promise<void> {
    this.#tokens = tokens;
    if (!this.#store) return;
    const stored = await this.#store.load();
    if (this.#tokens !== tokens) return;
    if (stored?.session_id === session_id) await this.#store.save(tokens);
    else this.#tokens = null;
  }

  /** Takes what another tab has stored of this session since: other tokens, or that it has ended. */
  async #takeStored(): Promise<void> {
    const held = this.#tokens;
    if (!this.#store || !held) return;
    const stored = await this.#store.load();
    if (this.#tokens !== held) return;
    if (stored?.session_id !== held.session_id) this.#tokens = null;
    else if (stored.refresh_token !== held.refresh_token) this.#tokens = stored;
  }

  /** Replaces a token, once for all who ask at the same time. */
  async #renew(stale: string): Promise<void> {
    if (this.#tokens?.access_token !== stale) return;
    this.#renewing ??= this.#replace().finally(() => (this.#renewing = undefined));
    await this.#renewing;
  }

  async #replace(): Promise<void> {
    const held = this.#tokens;
    await this.#takeStored();
    const used = this.#tokens;
    if (!used || (used !== held && !expires(used))) return;
    const { data, error, response } = await this.#refresh(used.refresh_token);
    if (this.#tokens !== used) return; // logged out meanwhile
    if (data) return this.#set(used.session_id, tokensOf(data, used.session_id));
    // Another tab was first, and is about to store what it got.
    for (let tries = 0; this.#store && isProblem(error, "refresh-token-just-used") && tries < 10; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      await this.#takeStored();
      if (this.#tokens !== used) return;
    }
    if (response.status !== 401) throw new ProblemError(error, response);
    await this.#set(used.session_id, null);
  }

  #refresh(refresh_token: string, signal?: AbortSignal) {
    return this.#client.POST("/login/refresh", { body: { grant_type: "refresh_token", refresh_token }, ...(signal && { signal }) });
  }
}
