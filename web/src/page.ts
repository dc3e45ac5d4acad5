const meta = (name: string) => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";

/** What the server says of itself in index.html. */
export const page = {
  project: meta("project") || "EdgeValue",
  version: meta("version"),
  /** production, staging or development */
  environment: meta("environment"),
};
