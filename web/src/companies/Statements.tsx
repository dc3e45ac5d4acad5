import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useAsOf } from "../asof.ts";
import { Failure, Loading } from "../ui/index.tsx";
import { Proof, useProof } from "./Proof.tsx";
import { statementsQuery } from "./queries.ts";

/** A company's statements, periods as columns. */
export default function Statements() {
  const { ticker } = useParams({ from: "/companies/$ticker" });
  const { data, error, refetch } = useQuery(statementsQuery(ticker, "annual", "as_of", useAsOf()));
  const proof = useProof();
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  return <><p>{data.items.length}</p><Proof of={proof.subject} onClose={proof.close} /></>;
}
