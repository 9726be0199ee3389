// Which decisions a request is open to, for whoever looks at it.
import type { Request } from "../api/types";

/** Who has approved may change their mind while it waits: take the approval back, or reject. */
export function choicesOf(request: Pick<Request, "state" | "my" | "votes" | "initiator">) {
  const { my, state } = request;
  const withdraw = state === "pending" && my.voted === "approve" && !request.votes.some(isMyStart(request));
  return { approve: my.can_vote, reject: my.can_vote || withdraw, withdraw };
}

/** An initiator who counts is the first approval; that one ends with the request, by cancelling. */
function isMyStart({ initiator, my }: Pick<Request, "my" | "initiator">) {
  return (entry: Request["votes"][number]) =>
    entry.initiator && entry.voter.id === initiator.id && my.can_cancel;
}
