import type { Action, Request } from "../api/types";
import { Note } from "./feedback";
import { plural } from "./format";

/** What a dialog is called, and its button, where it changes what a request asks for. */
export const amendTitle = ({ number }: Request) => `Amend R-${number}`;
export const AMEND = "Submit the amended request";

export const NOTHING_NEW = "Nothing is different yet";

/** Would the amended request ask for what it asks for already? */
export const isSame = (request: Request, action: Action | null, reason: string) =>
  plain(action) === plain(request.action) && reason.trim() === (request.reason ?? "");

/** As text in which the order of fields makes no difference. */
const plain = (value: unknown) =>
  JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );

/** What becomes of the request that waits, and of the votes on it: said before it is amended. */
export function Amends({ request: { number, votes } }: { request: Request }) {
  const given = votes.filter((vote) => !vote.initiator && vote.counts && vote.decision === "approve").length;
  const fall =
    given > 0
      ? `${plural(given, "approval")} that others have given ${given === 1 ? "falls" : "fall"} with it.`
      : "Nobody else has approved it yet.";
  return (
    <Note tone={given > 0 ? "warn" : "info"} title={`R-${number} ends, another takes its place`}>
      It has a number of its own, today’s rule, and its time to be approved begins anew. {fall}
    </Note>
  );
}
