import { Suspense } from "react";
import { useAsOf } from "../asof.ts";
import { day } from "../format.ts";
import { lazyPart } from "../lazy.ts";
import { Icon } from "../shell/Icon.tsx";
import { Popup } from "../shell/Popup.tsx";
import { cx, Loading } from "../ui/index.tsx";
import { t } from "../words/index.ts";

const Picker = lazyPart(() => import("./as-of-picker.tsx"));

/** The day of the page, and the way to another. */
export function AsOf() {
  const asOf = useAsOf();
  const said = asOf === undefined ? t.asOf.today : t.asOf.day(day(asOf));
  return (
    <Popup
      label={t.asOf.label}
      className="w-[20rem]"
      buttonLabel={said}
      buttonClass={cx(
        "inline-flex h-9 shrink-0 items-center gap-1.5 rounded-md border px-2.5 text-sm font-medium whitespace-nowrap",
        asOf === undefined ? "border-line bg-card text-ink hover:bg-sunk" : "border-warn bg-warn-tint text-warn",
      )}
      button={
        <>
          <Icon name="calendar" />
          <span className="lg:hidden">{asOf === undefined ? t.asOf.todayShort : day(asOf)}</span>
          <span className="max-lg:hidden">{said}</span>
        </>
      }
    >
      <Suspense fallback={<Loading rows={8} />}>
        <Picker />
      </Suspense>
    </Popup>
  );
}
