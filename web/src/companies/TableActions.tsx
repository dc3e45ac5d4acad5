import { useEffect, useState } from "react";
import { Button } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { copyTable, downloadCsv, type ExportTable } from "./table-export.ts";

/** Buttons that copy a table to the clipboard and save it as CSV. `name` is the file's, without its ending. */
export function TableActions({ table, name }: { table: () => ExportTable; name: string }) {
  const [said, say] = useState("");
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => say(""), 4000);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <div className="flex flex-wrap items-center gap-2 print:hidden">
      <span role="status" className="text-xs text-soft empty:-me-2">
        {said}
      </span>
      <Button onClick={() => void copyTable(table()).then(() => say(t.export.copied), () => say(t.export.failed))}>{t.export.copy}</Button>
      <Button onClick={() => downloadCsv(table(), name)}>{t.export.csv}</Button>
    </div>
  );
}
