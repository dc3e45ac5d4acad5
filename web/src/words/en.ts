/** Every word of the page. To translate it, copy this file, and add the copy to index.ts. */
export const en = {
  title: (what: string, project: string) => `${what} – ${project}`,
  nav: {
    main: "Main",
    skip: "Skip to content",
    // newproject:companies
    companies: "Companies",
    compare: "Compare",
    metrics: "Metrics",
    imports: "Imports",
    syncs: "Syncs",
    // newproject:end
    users: "Users",
    audit: "Audit events",
    jobs: "Background jobs",
    api: "API",
    reference: "Reference",
    theme: "Colours",
    themes: { system: "As the system", light: "Light", dark: "Dark" },
    environment: (name: string) => `Environment: ${name}`,
  },
  state: {
    loading: "Loading …",
    retry: "Try again",
    away: "The server does not answer.",
    awayHint: "Check your connection. The page goes on by itself when the server is back.",
    offline: "You are offline. What is shown may be old.",
    failed: "This could not be loaded.",
    requestID: (id: string) => `Request ${id}`,
    notFound: "There is nothing at this address.",
    notFoundHint: "The address may be mistyped, or what was there is gone.",
    home: "To the start",
    signInFirst: "Sign in to see this.",
    forbidden: "Your account may not see this.",
    crashed: "This part of the page failed.",
    reload: "Reload the page",
    more: "Show more",
  },
  keys: {},
  // newproject:companies
  asOf: {},
  search: {},
  home: {},
  company: {},
  statements: {},
  proof: {},
  charts: {
    chart: "chart",
    keys: (label: string) => `${label}. Arrow keys, Page up, Page down, Home and End move along, Escape ends.`,
    reading: (when: string, values: string[]) => `${when}: ${values.join("; ")}`,
    value: (name: string, value: string, when: string | undefined) => (when === undefined ? `${name} ${value}` : `${name} ${value} on ${when}`),
    empty: "There is nothing to draw.",
  },
  ratios: {},
  dividends: {},
  metrics: {},
  compare: {},
  imports: {},
  syncs: {},
  entries: {},
  // newproject:end
  accounts: {},
  users: {},
  audit: {},
};

/** What a translation must have. */
export type Words = typeof en;
