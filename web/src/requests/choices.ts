// Which decisions a request is open to, for whoever looks at it.
import type { Request } from "../api/types";

/** Who has approved may change their mind while it waits: take the approval back, or reject. Who has asked cancels instead. */
export function choicesOf(request: Pick<Request, "state" | "my" | "votes" | "initiator">) {
  const { my, state } = request;
  const started = request.votes.some(isMyStart(request));
  const withdraw = state === "pending" && my.voted === "approve" && !started;
  return { approve: my.can_vote, reject: my.can_reject && !started, withdraw };
}

/** An initiator who counts is the first approval; that one ends with the request, by cancelling. */
function isMyStart({ initiator, my }: Pick<Request, "my" | "initiator">) {
  return (entry: Request["votes"][number]) =>
    entry.initiator && entry.voter.id === initiator.id && my.can_cancel;
}
