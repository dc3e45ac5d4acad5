import { useEffect, useState } from "react";

/** The text, when it has stayed for a moment: one types on. */
export function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), text === "" ? 0 : 120);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
