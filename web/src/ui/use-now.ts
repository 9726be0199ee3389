import { useSyncExternalStore } from "react";

/** One clock for all that tick at the same pace. */
function clock(everyMs: number) {
  let now = Date.now();
  let timer: number | undefined;
  const listeners = new Set<() => void>();
  return {
    subscribe(listener: () => void) {
      listeners.add(listener);
      timer ??= window.setInterval(() => {
        now = Date.now();
        for (const each of listeners) each();
      }, everyMs);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        window.clearInterval(timer);
        timer = undefined;
      };
    },
    read() {
      // A clock that stood still because nobody looked is set before it is read.
      if (timer === undefined && Date.now() - now > everyMs) now = Date.now();
      return now;
    },
  };
}
const clocks = new Map<number, ReturnType<typeof clock>>();

/** The time now, again every `everyMs`; for ages and deadlines on screen. */
export function useNow(everyMs: 1_000 | 5_000 = 5_000): number {
  let shared = clocks.get(everyMs);
  if (!shared) {
    shared = clock(everyMs);
    clocks.set(everyMs, shared);
  }
  return useSyncExternalStore(shared.subscribe, shared.read);
}
