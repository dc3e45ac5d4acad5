import { page } from "./page.ts";
import { useTitle } from "./ui/index.tsx";

/** The start. */
export function Home() {
  useTitle(undefined);
  return <h1>{page.project}</h1>;
}
