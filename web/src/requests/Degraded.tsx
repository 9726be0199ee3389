import { useQuery } from "@tanstack/react-query";
import { policiesQuery } from "../api/queries";
import { Note } from "../ui/feedback";

/** Says that too few approvers are left: for one scenario, or for any. */
export function Degraded({ scenario, any = false }: { scenario?: string; any?: boolean }) {
  const { data } = useQuery(policiesQuery);
  const hit = data?.degraded.filter((name) => any || name === scenario) ?? [];
  if (hit.length === 0) return null;
  return (
    <Note tone="bad" title="Too few approvers are left">
      Nobody can approve {hit.join(", ")} until there is another approver or a recovery: somebody has left
      whom the rules need.
    </Note>
  );
}
