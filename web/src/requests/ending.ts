// Why a request ended, and what to do about it. Codes become sentences here and nowhere else; what people wrote stays as it is.
import type { RequestState, RequestSummary } from "../api/types";
import { stateWord } from "../ui/request-states";

export interface Ending {
  title: string;
  /** What somebody wrote, to be shown as they did. */
  words?: string;
  /** What has happened and what to do, where it ended by itself. */
  advice?: string;
}

/** In these states the reason is what whoever ended it has written. */
const BY_PEOPLE: readonly RequestState[] = ["rejected", "cancelled"];

const GONE: readonly [string, string] = [
  "what it was about is gone",
  "Since it was asked for, that was removed or stopped being what it takes. Look at how it is now, and ask for what is still wanted.",
];
const RIGHTS: readonly [string, string] = [
  "whoever asked for it may no longer do that",
  "An approval widens nobody’s rights. Somebody who holds the right can ask for it again.",
];

const CODES: Record<string, readonly [what: string, advice: string]> = {
  initiator_unauthorized: RIGHTS,
  permission_denied: RIGHTS,
  beyond_own_rights: RIGHTS,
  target_gone: GONE,
  not_found: GONE,
  unsatisfiable: [
    "too few are left who could approve it",
    "Only those count who were approvers when it was asked for. Ask again: then today’s approvers decide.",
  ],
  quorum_lost: [
    "an approval stopped counting, and too late for another",
    "Somebody who had approved it lost their role. Ask again: then today’s approvers decide.",
  ],
  stale_base: [
    "what it would change was changed meanwhile",
    "It was approved for how things were then. Look at how they are now, and ask again if it is still wanted.",
  ],
  integrity: [
    "what is stored is not what was approved",
    "Somebody or something has changed it in the server’s storage. Have the log checked there with “adit audit verify” before anything else, then ask again.",
  ],
  would_lock_out: [
    "it would have left too few approvers",
    "Somebody has left or a count was raised since it was asked for. Make another approver or lower those counts, then ask again.",
  ],
  governance_degraded: [
    "too few approvers are left for that",
    "Make another approver, or have the Owner start a recovery under Approval rules; then ask again.",
  ],
  out_of_range: [
    "a number in it is no longer possible",
    "Mostly that is a count for which there are too few people now. Ask again with a number that fits today.",
  ],
  already_exists: [
    "it is so already",
    "There is nothing left to do, or the name is taken: look at how it is now.",
  ],
  not_empty: ["something is in it again", "Move that first, then ask again."],
  owner_protected: [
    "it is about the Owner",
    "They became the Owner since it was asked for. Only a transfer of ownership replaces them.",
  ],
  owner_recovery_off: [
    "recovery by the Owner was switched off",
    "Somebody with a shell on the server can still start one.",
  ],
  amended: ["its author amended it", "Another request took its place, and votes on this one are void."],
};

/** What the page says of how it ended; nothing where its state says everything. */
export function endingOf({
  state,
  state_reason: reason,
}: Pick<RequestSummary, "state" | "state_reason">): Ending | null {
  if (!reason) return null;
  if (BY_PEOPLE.includes(state)) return { title: stateWord(state), words: reason };
  const [what, advice] = CODES[reason] ?? [
    "it no longer fits how things are",
    `Look at how they are now, and ask for what is still wanted. The server calls it “${reason}”.`,
  ];
  return { title: `${stateWord(state)}: ${what}`, advice: `${advice} Nothing of it was carried out.` };
}
