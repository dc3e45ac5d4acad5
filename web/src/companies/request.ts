import { useRef } from "react";
import { isProblem } from "../api.ts";

const newKey = (): string => crypto.getRandomValues(new Uint32Array(4)).join("-");

/**
 * Sends a request that must not be carried out twice, with an `Idempotency-Key`. The same one again, after a try that had no
 * answer, has the same key.
 */
export function useKeyed(): <T>(what: unknown, send: (key: string) => Promise<T>) => Promise<T> {
  const open = useRef<{ what: string; key: string }>(undefined);
  return async (what, send) => {
    const text = JSON.stringify(what);
    const request = open.current?.what === text ? open.current : { what: text, key: newKey() };
    open.current = request;
    try {
      const answer = await send(request.key);
      open.current = undefined;
      return answer;
    } catch (e) {
      // A refusal is remembered with its key.
      if (isProblem(e) && e.status < 500 && !isProblem(e, "idempotency-key-in-use")) open.current = undefined;
      throw e;
    }
  };
}
