import { Suspense, useEffect, type ReactNode } from "react";
import { lazyPart } from "../lazy.ts";
import { proofOf } from "./proof.ts";
import type { ShareBasis } from "./queries.ts";
import type { Subject } from "./statement-queries.ts";

const load = () => import("./ProofPanel.tsx");
const Panel = lazyPart(load);

export interface ProofProps {
  /** What is proved, of `useProof()`. Nothing shows without it. */
  of: Subject | undefined;
  /** The share basis of the page, for a figure of a statement. */
  basis?: ShareBasis | undefined;
  onClose: () => void;
  /** What the page knows of it as well, between the value and its proof. */
  children?: ReactNode;
}

/** The panel that proves a number. Its code comes when a pointer or the focus comes to the page's figures, so that it opens at once. */
export function Proof({ of, ...rest }: ProofProps) {
  useEffect(() => {
    const main = document.getElementById("main");
    const begin = () => {
      end();
      load().catch(() => undefined);
    };
    const end = () => {
      main?.removeEventListener("pointermove", begin);
      main?.removeEventListener("focusin", begin);
    };
    main?.addEventListener("pointermove", begin);
    main?.addEventListener("focusin", begin);
    return end;
  }, []);
  return (
    of && (
      <Suspense>
        <Panel key={proofOf(of)} of={of} {...rest} />
      </Suspense>
    )
  );
}
