import { useState } from "react";
import { requireSecondFactor } from "../api/governance";
import { Ask } from "../ui/ask";
import { GatedButton } from "../ui/gated";
import type { Can } from "../ui/permissions";
import { useOutcome } from "../ui/use-outcome";

/** Do only people with a second factor count as approvers? A request changes it. */
export function SecondFactorCard({ on, why }: { on: boolean; why: Can }) {
  const [asking, setAsking] = useState(false);
  const tell = useOutcome();
  return (
    <section className="card col gap3" aria-label="Second factor">
      <div className="row between wrap">
        <h2>Second factor</h2>
        <GatedButton why={why} variant="default" onClick={() => setAsking(true)}>
          {on ? "Ask for none…" : "Ask for one…"}
        </GatedButton>
      </div>
      <p>
        {on
          ? "Only people with one-time codes or a passkey count as approvers. Others are asked to turn one on."
          : "Approvers need no more than a password."}
      </p>
      <Ask
        opened={asking}
        onClose={() => setAsking(false)}
        title={on ? "Ask approvers for no second factor?" : "Ask approvers for a second factor?"}
        confirm={on ? "Ask for none" : "Ask for one"}
        reason="optional"
        onConfirm={async (reason) =>
          tell(
            await requireSecondFactor(!on, reason),
            on ? "No second factor is asked for" : "A second factor is asked for",
          )
        }
      >
        <p className="soft">
          {on
            ? "It takes as many people as lowering every count."
            : "What approvers without one-time codes or a passkey say counts no more until they have turned one on under Security. It is refused if too few would be left."}
        </p>
      </Ask>
    </section>
  );
}
