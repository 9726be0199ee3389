import type { Request } from "../api/types";
import { useStandstill } from "../shell/use-standstill";
import { isMoney } from "../ui/actions";
import { Note } from "../ui/feedback";
import { dateTime, dateTimeLong, until, wait } from "../ui/format";
import { useNow } from "../ui/use-now";

const IS = { frozen: "the account is frozen", deletion: "the account is to be deleted" };
const UNSENT = "The account is frozen: what has not been sent yet waits";

/** The time between approval and execution: how long, until when, and what may be done in it. */
export function Hold({ request }: { request: Request }) {
  const now = useNow();
  const standstill = useStandstill(request);
  const { state, not_before, execute_deadline, rule } = request;
  const held = isMoney(request.action) ? " What is due is held meanwhile, not lost." : "";
  if (state === "pending" && rule.timelock_s > 0)
    return (
      <Note title={`Carried out ${wait(rule.timelock_s)} after its approval`}>
        Until then any approver may still cancel it.{held}
      </Note>
    );
  if (state === "approved" && not_before !== null && not_before > now)
    return (
      <Note tone="warn" title={`Carried out ${until(not_before, now)}`}>
        That is on <span title={dateTimeLong(not_before)}>{dateTime(not_before)}</span>. Until then whoever
        asked for it and any approver may cancel it{removes(request) && ", but nobody whom it removes"}.{held}
      </Note>
    );
  if (standstill && (state === "approved" || (state === "executing" && standstill === "frozen")))
    return (
      <Note tone="warn" title={state === "approved" ? `Approved, and waits: ${IS[standstill]}` : UNSENT}>
        It goes on by itself once {standstill === "frozen" ? "the account is unfrozen" : "that is undone"}
        {execute_deadline !== null && (
          <>
            , if that is before{" "}
            <span title={dateTimeLong(execute_deadline)}>{dateTime(execute_deadline)}</span>: its time keeps
            running
          </>
        )}
        .
      </Note>
    );
  return null;
}

/** Who is taken away by a recovery does not stop it. */
const removes = ({ action }: Request) =>
  action.action === "recover" && (action.params.remove?.length ?? 0) > 0;
