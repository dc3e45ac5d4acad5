/** Where requests go, and with which access token. */
export const session = { baseUrl: "", token: "" };

/** Sends a request of the generated client. T is its response: the status, the data and the headers. */
export async function fetcher<T>(url: string, init: RequestInit): Promise<T> {
  const headers = new Headers(init.headers);
  if (session.token) headers.set("Authorization", `Bearer ${session.token}`);
  const response = await fetch(session.baseUrl + url, { ...init, headers });
  const text = await response.text();
  return { status: response.status, data: text ? JSON.parse(text) : undefined, headers: response.headers } as T;
}
