import { onlineManager, type Query, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { isAway, queryClient } from "../api.ts";

const lacking = (q: Query) => q.isActive() && q.state.fetchStatus === "idle" && isAway(q.state.error);

/** Watches whether the server answers, and asks again for what it did not until it does. */
export function watch(client: QueryClient, tell: (away: boolean) => void, every = 5_000): () => void {
  let away = false;
  let timer: ReturnType<typeof setInterval> | undefined;
  const ask = () => void client.refetchQueries({ predicate: lacking });
  const set = (is: boolean) => {
    if (is === away) return;
    away = is;
    clearInterval(timer);
    if (away) timer = setInterval(ask, every);
    else ask();
    tell(away);
  };
  const stop = client.getQueryCache().subscribe((event) => {
    if (event.type !== "updated") return;
    const { action } = event;
    if (action.type === "success" && action.manual !== true) set(false);
    else if ((action.type === "error" || action.type === "failed") && isAway(action.error)) set(true);
  });
  return () => {
    clearInterval(timer);
    stop();
  };
}

/** Whether the browser is offline, or the server does not answer. */
export function useAway(): "offline" | "away" | undefined {
  const [away, setAway] = useState(false);
  const online = useSyncExternalStore(
    (tell) => onlineManager.subscribe(tell),
    () => onlineManager.isOnline() && navigator.onLine,
  );
  useEffect(() => watch(queryClient, setAway), []);
  return online ? (away ? "away" : undefined) : "offline";
}
