import { useEffect, useRef } from "react";
import { Button } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { setKeys, useKeysOn, type Shortcut } from "./keys.ts";

/** The dialog that lists the keys. */
export default function Keys({ shortcuts, onClose }: { shortcuts: readonly Shortcut[]; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const on = useKeysOn();
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector("button")?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="keys-title"
      onClose={onClose}
      onClick={(e) => {
        if (e.target === dialog.current) dialog.current.close();
      }}
      className="m-auto w-[min(28rem,calc(100vw-2rem))] rounded-lg border border-line bg-card p-0 text-ink shadow-xl backdrop:bg-[#000a]"
    >
      <div className="space-y-4 p-5">
        <h2 id="keys-title">{t.keys.title}</h2>
        <table className="w-full text-sm">
          <tbody>
            {shortcuts.map((s) => (
              <tr key={s.keys} className="border-t border-line">
                <th scope="row" className="py-1.5 pr-4 text-left font-normal whitespace-nowrap">
                  {s.keys.split(" ").map((k) => (
                    <kbd key={k} className="mr-1 rounded border border-line bg-sunk px-1.5 py-0.5 font-mono text-xs">
                      {k}
                    </kbd>
                  ))}
                </th>
                <td className="py-1.5">{s.what}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <div className="flex items-center justify-between gap-4">
          <label className="flex items-center gap-2 text-sm">
            <input type="checkbox" checked={on} onChange={(e) => setKeys(e.target.checked)} />
            {t.keys.on}
          </label>
          <Button kind="primary" onClick={() => dialog.current?.close()}>
            {t.keys.close}
          </Button>
        </div>
      </div>
    </dialog>
  );
}
