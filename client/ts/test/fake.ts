import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";

/** A request that the fake server has received. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What it answers. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** Starts a server that answers as told, and ends with the tests. Received is what it got. */
export async function fake(answer: (request: Received, number: number) => Answer | Promise<Answer>): Promise<{ baseUrl: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const request = { method: req.method ?? "", path: req.url ?? "", headers: req.headers, body: Buffer.concat(chunks).toString() };
      received.push(request);
      void Promise.resolve(answer(request, received.length)).then(({ status = 200, headers = {}, body = {} }) => {
        res.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json", ...headers });
        res.end(status === 204 ? undefined : JSON.stringify(body));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, received };
}

/** The body of a problem. */
export function problem(type: string, status: number): Answer {
  return { status, body: { type: `/problems/${type}`, title: type, status } };
}
