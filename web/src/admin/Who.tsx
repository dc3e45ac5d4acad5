import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { t } from "../words/index.ts";
import { userQuery } from "./queries.ts";

/** A user by the email address, as far as that can be had, with a link to the account. */
export function Who({ id }: { id: number }) {
  const { data } = useQuery({ ...userQuery(id), staleTime: 600_000, retry: false });
  return (
    <Link to="/users/$id" params={{ id: String(id) }}>
      {data?.email ?? t.users.one(id)}
    </Link>
  );
}
