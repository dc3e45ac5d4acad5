import { useState } from "react";
import type { Schemas } from "../api.ts";
import { Button } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import { byGroup, groupLabel, matches } from "./metrics.ts";

/** Metrics to choose from, by their groups, and figures of the twelve months. */
export function MetricPicker(props: {
  definitions: readonly Schemas["MetricDefinition"][];
  figures: readonly { id: string; label: string }[];
  chosen: readonly string[];
  onChange: (ids: string[]) => void;
  onReset: () => void;
}) {
  const { chosen } = props;
  const [text, setText] = useState("");
  const query = text.trim();
  const figures = props.figures.filter((f) => f.label.toLowerCase().includes(query.toLowerCase()));
  const groups: [string, readonly { id: string; label: string }[]][] = [
    ...(figures.length > 0 ? [[t.compare.figures, figures] as [string, typeof figures]] : []),
    ...byGroup(props.definitions.filter((d) => matches(d, query))).map(([id, list]): [string, typeof list] => [groupLabel(id), list]),
  ];
  return (
    <details className="rounded-lg border border-line bg-card print:hidden">
      <summary className="px-4 py-2.5 text-sm font-medium">{t.compare.choose(chosen.length)}</summary>
      <div className="border-t border-line px-4 py-3">
        <div className="flex flex-wrap items-center gap-2">
          <input
            type="search"
            aria-label={t.compare.find}
            placeholder={t.compare.find}
            value={text}
            onChange={(e) => setText(e.target.value)}
            className="min-w-0 flex-1 rounded-md border border-line bg-card px-3 py-1.5 text-sm sm:max-w-xs"
          />
          <Button onClick={props.onReset}>{t.compare.reset}</Button>
          <Button kind="quiet" onClick={() => props.onChange([])}>
            {t.compare.clear}
          </Button>
        </div>
        <div className="mt-3 max-h-96 gap-6 overflow-y-auto sm:columns-2 lg:columns-4" tabIndex={0} role="group" aria-label={t.compare.metrics}>
          {groups.length === 0 && <p className="text-sm text-soft">{t.metrics.nothing}</p>}
          {groups.map(([label, list]) => (
            <fieldset key={label} className="mb-4">
              <legend className="mb-1 text-sm font-semibold">{label}</legend>
              {list.map(({ id, label: name }) => (
                <label key={id} className="flex gap-2 py-0.5 text-sm leading-snug">
                  <input
                    type="checkbox"
                    checked={chosen.includes(id)}
                    onChange={(e) => props.onChange(e.target.checked ? [...chosen, id] : chosen.filter((c) => c !== id))}
                    className="mt-0.5 accent-accent"
                  />
                  {name}
                </label>
              ))}
            </fieldset>
          ))}
        </div>
      </div>
    </details>
  );
}
