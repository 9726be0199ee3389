// Of a request that has ended: on what it was not done, why not, and what can be done about it.
import type { Item, Request } from "../api/types";
import { isOp } from "../ui/actions";
import { count, plural } from "../ui/format";
import { isOpen } from "../ui/request-states";
import { STATE_WORD, TONE, TONES, type Tone, tally } from "./items";

/** Targets that ended alike. */
export interface Missed {
  tone: Tone;
  /** How it ended; nothing where the reason says that. */
  word: string;
  /** In the words of the device or its agent. */
  why: string;
  names: string[];
}

/** What other requests took is told by itself; what was called off with the request has no story of its own. */
const TOLD = ["dropped", "cancelled"];

/** What did not end well, alike ones together: failed first, then unknown, then left out. */
export function missedOf(items: readonly Item[]): Missed[] {
  const groups = new Map<string, Missed>();
  for (const { state, message, target } of items) {
    const tone = TONE[state];
    if (!["failed", "unsure", "left"].includes(tone) || TOLD.includes(state)) continue;
    const why = message ?? "";
    const key = `${state} ${why}`;
    const word = state === "failed" && why !== "" ? "" : STATE_WORD[state].toLowerCase();
    const group = groups.get(key) ?? { tone, word, why, names: [] };
    group.names.push(target.name);
    groups.set(key, group);
  }
  return [...groups.values()].sort((one, other) => TONES.indexOf(one.tone) - TONES.indexOf(other.tone));
}

/** Has it been carried out, and not everywhere? */
export const fellShort = ({ state, progress }: Pick<Request, "state" | "progress">) =>
  !isOpen(state) && progress !== null && progress.total > 0 && progress.ok < progress.total;

/** In one line: on how many it was not done, or is not known to have been. */
export function shortfall(
  { action, progress }: Pick<Request, "action" | "progress">,
  items: readonly Item[],
) {
  const { ok = 0, total = 0 } = progress ?? {};
  const all = plural(total, isOp(action.action) ? "device" : "agent");
  const { failed, left, unsure } = tally(items);
  if (failed + left === 0 && unsure > 0) return `Not known to be done on ${count(total - ok)} of ${all}`;
  return ok === 0 ? `Done on none of ${all}` : `Not done on ${count(total - ok)} of ${all}`;
}

/** What to do next, a sentence for each kind. */
export function advice({ action }: Pick<Request, "action">, missed: readonly Missed[]): string[] {
  const has = (tone: Tone) => missed.some((group) => group.tone === tone);
  const devices = isOp(action.action);
  return [
    has("failed") &&
      (devices
        ? "What was done stays. See to what is said here, then draft a retry: it asks for those that failed and for no others."
        : "What was done stays. See to what is said here, then ask again."),
    has("unsure") &&
      "Where the outcome is unknown it may have been done: look there before you ask for it again. A retry leaves those out.",
    has("left") && "What was skipped has not been touched.",
  ].filter((sentence) => sentence !== false);
}
