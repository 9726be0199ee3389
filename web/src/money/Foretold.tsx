import type { Rule } from "../api/types";
import { Note } from "../ui/feedback";
import { wait } from "../ui/format";

/** By which rule it goes, and what its wait means for the money. */
export function Foretold({ rule, then }: { rule: Rule; then?: string }) {
  return (
    <Note title={rule.sentence}>
      {rule.timelock_s > 0 &&
        `In the ${wait(rule.timelock_s)} after its approval what is due is held, not lost, and any approver may cancel it. `}
      {then}
    </Note>
  );
}
