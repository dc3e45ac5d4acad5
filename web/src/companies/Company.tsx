import { useQuery } from "@tanstack/react-query";
import { Outlet, useParams } from "@tanstack/react-router";
import { isProblem } from "../api.ts";
import { NotFound } from "../shell/errors.tsx";
import { Failure, Loading, useTitle } from "../ui/index.tsx";
import { companyQuery } from "./queries.ts";

/** A company's frame: who it is, and the ways to its pages. */
export default function Company() {
  const { ticker } = useParams({ from: "/companies/$ticker" });
  const { data, error, refetch } = useQuery(companyQuery(ticker));
  useTitle(data?.name);
  if (isProblem(error, "not-found")) return <NotFound />;
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  return (
    <>
      {data ? <h1>{data.name}</h1> : <Loading rows={1} />}
      <Outlet />
    </>
  );
}
