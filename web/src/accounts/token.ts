import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useState } from "react";

/** The token of a mailed link. It comes after the `#`, so that it reaches no server's log, and leaves the address at once. */
export function useLinkToken(): string | undefined {
  const navigate = useNavigate();
  const hash = useRouterState({ select: (state) => state.location.hash });
  const fresh = new URLSearchParams(hash).get("token") ?? undefined;
  const [token, setToken] = useState(fresh);
  if (fresh !== undefined && fresh !== token) setToken(fresh);
  useEffect(() => {
    if (fresh !== undefined) void navigate({ to: ".", search: true, hash: "", replace: true });
  }, [fresh, navigate]);
  return token;
}
