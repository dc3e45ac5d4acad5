import { createClient, type ApiClient, type Schemas } from "./client.js";
import { isProblem, ProblemError, unwrap } from "./problem.js";

/** The tokens of a session. */
export interface Tokens {
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
export interface SessionOptions {
  /** The server's address, such as `https://example.com`. */
  baseUrl: string;
  /** Where the tokens are kept. Without it they are gone with the session. */
  store?: TokenStore | undefined;
  /** In place of the global one. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
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
  const session = new Session(rest, client);
  await session.keep(await unwrap(client.POST("/login/access-token", { body, ...(signal && { signal }) })));
  return session;
}

/** Returns the session whose tokens the store has, or null if there is none. */
export async function resume(options: SessionOptions & { store: TokenStore }): Promise<Session | null> {
  const tokens = await options.store.load();
  return tokens && new Session(options, anonymous(options), tokens);
}

function anonymous({ baseUrl, fetch }: SessionOptions): ApiClient {
  return createClient({ baseUrl, fetch });
}

const early = 30_000; // how long before it expires a token is renewed, in milliseconds

/** A login: it renews its access token before that expires, and when the server refuses it. Made by {@link login}. */
export class Session {
  readonly #client: ApiClient;
  readonly #store: TokenStore | undefined;
  #tokens: Tokens | null;
  #renewing: Promise<void> | undefined;

  /** @internal */
  constructor(options: SessionOptions, client: ApiClient, tokens: Tokens | null = null) {
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
    if (this.#tokens && this.#tokens.expires_at - early < Date.now()) await this.#renew(this.#tokens.access_token);
    return this.#tokens?.access_token;
  }

  /** Returns another access token than the given one, which was refused, or undefined when the session has ended. */
  async renew(refused: string): Promise<string | undefined> {
    await this.#renew(refused);
    return this.#tokens?.access_token;
  }

  /** Ends the session, here and on the server. */
  async logout({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const token = await this.token().catch(() => undefined);
    await this.#set(null);
    if (token === undefined) return;
    const headers = { Authorization: `Bearer ${token}` };
    const { error, response } = await this.#client.POST("/logout", { headers, ...(signal && { signal }) });
    if (error && response.status !== 401) throw new ProblemError(error, response);
  }

  /** @internal */
  async keep(answer: Schemas["AccessToken"]): Promise<void> {
    const { access_token, refresh_token, expires_in } = answer;
    await this.#set({ access_token, refresh_token, expires_at: Date.now() + expires_in * 1000 });
  }

  async #set(tokens: Tokens | null): Promise<void> {
    this.#tokens = tokens;
    await this.#store?.save(tokens);
  }

  /** Replaces a token, once for all who ask at the same time. */
  async #renew(stale: string): Promise<void> {
    if (this.#tokens?.access_token !== stale) return;
    this.#renewing ??= this.#refresh(this.#tokens).finally(() => (this.#renewing = undefined));
    await this.#renewing;
  }

  async #refresh(used: Tokens): Promise<void> {
    if (await this.#take(used)) return;
    const { refresh_token } = used;
    const { data, error, response } = await this.#client.POST("/login/refresh", { body: { grant_type: "refresh_token", refresh_token } });
    if (this.#tokens !== used) return; // logged out meanwhile
    if (data) return this.keep(data);
    // Another tab was first, and is about to store what it got.
    for (let tries = 0; this.#store && isProblem(error, "refresh-token-just-used") && tries < 10; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      if (await this.#take(used)) return;
    }
    if (response.status !== 401) throw new ProblemError(error, response);
    await this.#set(null);
  }

  /** Takes the tokens that another tab has stored since, and reports whether it did. */
  async #take(used: Tokens): Promise<boolean> {
    const stored = await this.#store?.load();
    if (!stored || stored.refresh_token === used.refresh_token || stored.expires_at - early < Date.now()) return false;
    this.#tokens = stored;
    return true;
  }
}
