import { useEffect, useRef } from "react";
import type { KeyGroup, KeyMap } from "./keys";
import { usePrefs } from "./prefs";

const SEQUENCE_MS = 1_200;

/**
 * Shortcuts of a group, such as "j", "Enter", "?" or the sequence "g d": silent while typing, in dialogs and menus, and when the
 * person switched them off.
 */
export function useKeys<G extends KeyGroup>(_group: G, map: KeyMap<G>, enabled = true) {
  const keys = useRef<Record<string, ((event: KeyboardEvent) => void) | undefined>>(map);
  keys.current = map;
  const on = usePrefs((prefs) => prefs.singleKeys) && enabled;
  useEffect(() => {
    if (!on) return;
    let first = "";
    let firstAt = 0;
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isBusy(event)) return;
      const sequence = first && event.timeStamp - firstAt < SEQUENCE_MS ? `${first} ${event.key}` : "";
      const action = (sequence && keys.current[sequence]) || keys.current[event.key];
      first = !sequence && /^[a-z]$/.test(event.key) ? event.key : "";
      firstAt = event.timeStamp;
      if (!action) return;
      event.preventDefault();
      action(event);
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, [on]);
}

function isBusy(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest("[role=dialog],[role=menu],[role=listbox]")) return true;
  if (target.matches("textarea,select")) return true;
  if (target instanceof HTMLInputElement) return target.type !== "checkbox" && target.type !== "radio";
  // Enter and space on a focused control belong to that control.
  return (event.key === "Enter" || event.key === " ") && target.closest("a,button,[role=tab]") !== null;
}
