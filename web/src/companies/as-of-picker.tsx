import { parseDate, type CalendarDate } from "@internationalized/date";
import { useState } from "react";
import {
  Button as AriaButton,
  Calendar,
  CalendarCell,
  CalendarGrid,
  CalendarGridBody,
  CalendarGridHeader,
  CalendarHeaderCell,
  CalendarMonthPicker,
  CalendarYearPicker,
} from "react-aria-components/Calendar";
import { DateField, DateInput, DateSegment } from "react-aria-components/DateField";
import { firstDay, newestPast, useAsOf, useSetAsOf, yearsAway } from "../asof.ts";
import { day } from "../format.ts";
import { Icon } from "../shell/Icon.tsx";
import { closePopup } from "../shell/Popup.tsx";
import { Button } from "../ui/index.tsx";
import { t } from "../words/index.ts";
import "./aria.ts";

const arrow = "inline-flex size-8 items-center justify-center rounded-md text-soft hover:bg-sunk data-disabled:opacity-40";
const select = "rounded-md border border-line bg-card px-1.5 py-1 text-sm";

/** Chooses the day of the page: typed, from a calendar, or by steps. */
export default function AsOfPicker() {
  const asOf = useAsOf();
  const setAsOf = useSetAsOf();
  const last = newestPast();
  const bounds = { minValue: parseDate(firstDay), maxValue: parseDate(last) };
  const thisYear = Number(last.slice(0, 4));
  const go = (to: string | undefined) => {
    setAsOf(to);
    closePopup();
  };
  return (
    <div className="space-y-3">
      <p className="text-xs text-soft">{t.asOf.hint}</p>
      <Field key={`field ${asOf ?? ""}`} asOf={asOf} last={last} go={go} />
      <Calendar
        key={`calendar ${asOf ?? ""}`}
        aria-label={t.asOf.label}
        {...bounds}
        value={asOf === undefined ? null : parseDate(asOf)}
        defaultFocusedValue={parseDate(asOf ?? last)}
        onChange={(to: CalendarDate) => go(to.toString())}
        className="border-t border-line pt-3"
      >
        <div className="mb-2 flex items-center justify-between">
          <AriaButton slot="previous" aria-label={t.asOf.previous} className={arrow}>
            <Icon name="left" />
          </AriaButton>
          <span className="flex gap-1">
            <CalendarMonthPicker>
              {({ items, value, onChange }) => (
                <select aria-label={t.asOf.month} value={String(value)} onChange={(e) => onChange(Number(e.target.value))} className={select}>
                  {items.map((m) => (
                    <option key={m.id} value={m.id}>
                      {m.formatted}
                    </option>
                  ))}
                </select>
              )}
            </CalendarMonthPicker>
            <CalendarYearPicker visibleYears={80}>
              {({ items, value, onChange }) => (
                <select aria-label={t.asOf.year} value={String(value)} onChange={(e) => onChange(Number(e.target.value))} className={select}>
                  {items.map((y) => (
                    <option key={y.id} value={y.id}>
                      {y.formatted}
                    </option>
                  ))}
                </select>
              )}
            </CalendarYearPicker>
          </span>
          <AriaButton slot="next" aria-label={t.asOf.next} className={arrow}>
            <Icon name="right" />
          </AriaButton>
        </div>
        <CalendarGrid className="w-full border-collapse text-center text-sm">
          <CalendarGridHeader>{(name) => <CalendarHeaderCell className="pb-1 text-xs font-normal text-soft">{name}</CalendarHeaderCell>}</CalendarGridHeader>
          <CalendarGridBody>
            {(date) => (
              <CalendarCell
                date={date}
                className="m-px flex h-8 cursor-pointer items-center justify-center rounded-md outline-offset-0 data-disabled:cursor-default data-disabled:text-soft data-disabled:line-through data-disabled:opacity-60 data-hovered:bg-sunk data-outside-month:hidden data-selected:bg-accent data-selected:font-semibold data-selected:text-on-accent"
              />
            )}
          </CalendarGridBody>
        </CalendarGrid>
      </Calendar>
      <div className="flex gap-2 border-t border-line pt-3">
        <Button className="flex-1" onClick={() => setAsOf(yearsAway(asOf, -1))}>
          {t.asOf.earlier}
        </Button>
        <Button className="flex-1" disabled={asOf === undefined} onClick={() => setAsOf(yearsAway(asOf, 1))}>
          {t.asOf.later}
        </Button>
      </div>
      <div>
        <p id="as-of-ends" className="mb-1 text-xs text-soft">
          {t.asOf.ends}
        </p>
        <div role="group" aria-labelledby="as-of-ends" className="grid grid-cols-6 gap-1 text-center tabular-nums">
          {Array.from({ length: 18 }, (_, i) => thisYear - 1 - i).map((year) => (
            <button
              key={year}
              type="button"
              aria-pressed={asOf === `${year}-12-31`}
              onClick={() => go(`${year}-12-31`)}
              className="rounded py-1 hover:bg-sunk aria-pressed:bg-accent aria-pressed:text-on-accent"
            >
              {year}
            </button>
          ))}
        </div>
      </div>
      {asOf !== undefined && (
        <Button kind="primary" className="w-full" onClick={() => go(undefined)}>
          {t.asOf.back}
        </Button>
      )}
    </div>
  );
}

function Field({ asOf, last, go }: { asOf: string | undefined; last: string; go: (to: string) => void }) {
  const [typed, setTyped] = useState<CalendarDate | null>(parseDate(asOf ?? last));
  const text = typed?.toString();
  const right = text !== undefined && text >= firstDay && text <= last;
  const [tried, setTried] = useState(false);
  return (
    <form
      onKeyDownCapture={(e) => {
        // The parts of the field are none to the browser, which sends the form by Enter from fields alone. It would press the
        // button that has the focus next.
        if (e.key !== "Enter" || !(e.target instanceof Element) || e.target.role !== "spinbutton") return;
        e.preventDefault();
        e.currentTarget.requestSubmit();
      }}
      onSubmit={(e) => {
        e.preventDefault();
        if (right) go(text);
        else setTried(true);
      }}
    >
      <div className="flex gap-2">
        <DateField
          aria-label={t.asOf.date}
          value={typed}
          onChange={setTyped}
          granularity="day"
          shouldForceLeadingZeros
          isInvalid={tried && !right}
          className="flex-1"
          {...(tried && !right && { "aria-describedby": "as-of-wrong" })}
        >
          <DateInput className="flex h-9 items-center rounded-md border border-line bg-ground px-2 tabular-nums data-focus-within:border-accent data-invalid:border-bad">
            {(segment) => (
              <DateSegment segment={segment} className="rounded px-0.5 outline-none data-focused:bg-accent data-focused:text-on-accent data-placeholder:text-soft data-[type=literal]:px-0" />
            )}
          </DateInput>
        </DateField>
        <Button type="submit">{t.asOf.show}</Button>
      </div>
      {tried && !right && (
        <p id="as-of-wrong" role="alert" className="mt-1 text-xs text-bad">
          {t.asOf.wrong(day(firstDay), day(last))}
        </p>
      )}
    </form>
  );
}
