import { useEffect, useEffectEvent, useSyncExternalStore } from "react";

/** A key, or two in turn such as `g c`, and what it does. */
export interface Shortcut {
  keys: string;
  what: string;
  run: () => void;
}

const off = "keys-off";
const listeners = new Set<() => void>();

function areOn(): boolean {
  try {
    return localStorage.getItem(off) === null;
  } catch {
    return true;
  }
}

/** Lets the keys work, or not: who speaks to the browser presses keys by chance. */
export function setKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(off);
    else localStorage.setItem(off, "1");
  } catch {
    // They stay on.
  }
  for (const tell of listeners) tell();
}

/** Whether the keys work. */
export const useKeysOn = (): boolean =>
  useSyncExternalStore((tell) => {
    listeners.add(tell);
    return () => listeners.delete(tell);
  }, areOn);

/** Whether keys are text where they are pressed. */
export const isTyping = (at: EventTarget | null): boolean =>
  at instanceof HTMLElement &&
  (at.isContentEditable || at.matches("textarea, select, [role=textbox], [role=spinbutton], input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=reset])"));

/** Finds what keys mean, one after the other; the first of two is forgotten after a second. */
export function reader(now = Date.now) {
  let first = "";
  let at = 0;
  return (key: string, shortcuts: readonly Shortcut[]): Shortcut | undefined => {
    const both = first && now() - at < 1000 ? `${first} ${key}` : key;
    const found = shortcuts.find((s) => s.keys === both) ?? shortcuts.find((s) => s.keys === key);
    first = !found && shortcuts.some((s) => s.keys.startsWith(`${key} `)) ? key : "";
    at = now();
    return found;
  };
}

/** Makes shortcuts work on the whole page, but not while one types or a dialog is open. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const press = useEffectEvent((e: KeyboardEvent, read: ReturnType<typeof reader>) => {
    const composed = e.getModifierState("AltGraph"); // [ and ] on many keyboards
    if (e.defaultPrevented || e.isComposing || e.repeat || e.metaKey || ((e.ctrlKey || e.altKey) && !composed)) return;
    if (isTyping(e.target) || !areOn() || document.querySelector("dialog:modal")) return;
    const found = read(e.key, shortcuts);
    if (!found) return;
    e.preventDefault();
    found.run();
  });
  useEffect(() => {
    const read = reader();
    const listen = (e: KeyboardEvent) => press(e, read);
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
