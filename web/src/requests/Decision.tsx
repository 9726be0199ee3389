import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { lazy, Suspense, useState } from "react";
import { cancelRequest, vote, withdrawVote } from "../api/mutations";
import { hasCode } from "../api/problem";
import { requestQuery } from "../api/queries";
import { queryClient } from "../api/query";
import { useSession } from "../api/session";
import type { Request } from "../api/types";
import { useStandstill } from "../shell/use-standstill";
import { isMoney, isOp } from "../ui/actions";
import { Ask } from "../ui/ask";
import { ChangeRows } from "../ui/changes";
import { Note } from "../ui/feedback";
import { deltaPower, plural, shortHash } from "../ui/format";
import { isOpen } from "../ui/request-states";
import { refused, told } from "../ui/toast";
import { useKeys } from "../ui/use-keys";
import { amends } from "./again";
import { choicesOf } from "./choices";
import css from "./Requests.module.css";

const AmendAsk = lazy(() => import("./AmendAsk").then((module) => ({ default: module.AmendAsk })));

/** Refusals of a vote that came too late for the request as it was. */
const STALE = ["content_changed", "invalid_state", "expired"];

type Question = "approve" | "reject" | "cancel";

/** What this person may do about the request, and why not otherwise. Each key asks first. */
export function Decision({ request }: { request: Request }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const [amending, amend] = useDisclosure(false);
  const [busy, setBusy] = useState(false);
  const { my, state } = request;
  const mine = useSession().user.id === request.initiator.id;
  const { approve, reject, withdraw: canWithdraw } = choicesOf(request);
  useKeys(
    "request",
    {
      a: () => approve && setQuestion("approve"),
      r: () => reject && setQuestion("reject"),
      x: () => my.can_cancel && setQuestion("cancel"),
    },
    question === null,
  );
  if (!isOpen(state)) return null;
  const nothing = !approve && !reject && !my.can_cancel && !canWithdraw;
  if (nothing && !my.why_not) return null;

  const close = () => setQuestion(null);
  const decide = async (decision: "approve" | "reject", comment: string) => {
    try {
      await vote(request, decision, comment);
      told(decision === "approve" ? `Approved R-${request.number}` : `Rejected R-${request.number}`);
    } catch (error) {
      if (!STALE.some((code) => hasCode(error, code))) throw error;
      // What was on screen is not what would be decided on: the newer request takes its place, and the question goes with it.
      void queryClient.invalidateQueries(requestQuery(request.id));
      refused(error);
    }
  };
  const withdraw = () => {
    setBusy(true);
    void withdrawVote(request.id)
      .then(() => told(`Your approval of R-${request.number} is withdrawn`), refused)
      .finally(() => setBusy(false));
  };

  return (
    <section className={css.decision} aria-label="Decision">
      {approve && (
        <Button size="sm" onClick={() => setQuestion("approve")} aria-keyshortcuts="a">
          Approve
        </Button>
      )}
      {reject && (
        <Button size="sm" variant="default" onClick={() => setQuestion("reject")} aria-keyshortcuts="r">
          Reject
        </Button>
      )}
      {canWithdraw && (
        <Button size="sm" variant="default" loading={busy} onClick={withdraw}>
          Withdraw my approval
        </Button>
      )}
      {!my.can_vote && my.why_not && <span className="soft grow">{whyNot(request, mine)}</span>}
      {mine && state === "pending" && amends(request.action) && (
        <Button size="sm" variant="default" onClick={amend.open}>
          Amend…
        </Button>
      )}
      <Suspense fallback={null}>{amending && <AmendAsk request={request} onClose={amend.close} />}</Suspense>
      {my.can_cancel && (
        <Button size="sm" variant="default" onClick={() => setQuestion("cancel")} aria-keyshortcuts="x">
          Cancel the request
        </Button>
      )}
      <Ask
        opened={question === "approve"}
        onClose={close}
        title={`Approve R-${request.number}?`}
        confirm="Approve"
        size={640}
        reason="optional"
        reasonLabel="Comment"
        onConfirm={(comment) => decide("approve", comment)}
      >
        <Gist request={request} />
      </Ask>
      <Ask
        opened={question === "reject"}
        onClose={close}
        title={`Reject R-${request.number}?`}
        confirm="Reject"
        danger
        reason="required"
        onConfirm={(comment) => decide("reject", comment)}
      >
        <p className="soft">
          One rejection ends the request
          {my.voted === "approve" && ", your own approval of it notwithstanding"}. Its author sees your reason
          and can start again from it.
        </p>
      </Ask>
      <Ask
        opened={question === "cancel"}
        onClose={close}
        title={`Cancel R-${request.number}?`}
        confirm="Cancel the request"
        keep="Keep the request"
        danger
        reason="required"
        onConfirm={async (reason) => {
          await cancelRequest(request.id, reason);
          told(`R-${request.number} is cancelled`);
        }}
      >
        <p className="soft">{whatCancelling(request)}</p>
      </Ask>
    </section>
  );
}

/** Why there is no vote, and what may be done instead. */
function whyNot({ my, state, action }: Request, mine: boolean): string {
  const why = `${my.why_not}.`;
  if (state === "approved" && my.can_cancel)
    return mine
      ? `${why} You may still cancel it until it is carried out.`
      : `${why} You are one of its approvers: you may still cancel it until it is carried out.`;
  if (state === "approved") return `${why} Whoever asked for it and its approvers may still cancel it.`;
  const fixed = !isOp(action.action) && !amends(action);
  return mine && fixed ? `${why} To change it, cancel it and ask again.` : why;
}

function whatCancelling({ action }: Request): string {
  if (isOp(action.action)) return "It ends without effect on any device.";
  if (isMoney(action)) return "Everything stays as it is, and what was held for its sake is held no longer.";
  return "It ends without effect.";
}

function Gist({ request }: { request: Request }) {
  const standstill = useStandstill(request);
  return (
    <div className="col">
      <p>
        <b>{request.title}</b>
      </p>
      <p className="soft">
        Asked for by {request.initiator.name}.{" "}
        {isOp(request.action.action) &&
          `${plural(request.targets, "device")}, ${deltaPower(request.effect.delta_w)}.`}
        {request.targets < request.approved_targets &&
          ` ${plural(request.approved_targets - request.targets, "device")} left it since it was submitted.`}
      </p>
      <ChangeRows rows={request.changes} />
      {standstill && (
        <Note
          tone="warn"
          title={standstill === "frozen" ? "The account is frozen" : "The account is to be deleted"}
        >
          Your approval counts, but nothing is carried out until that is{" "}
          {standstill === "frozen" ? "ended" : "undone"}.
        </Note>
      )}
      <p className="dim small">
        Your vote is bound to content <span className="num">{shortHash(request.content_hash)}</span>
      </p>
    </div>
  );
}
