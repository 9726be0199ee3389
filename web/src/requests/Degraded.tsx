import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { policiesQuery } from "../api/queries";
import { useSite } from "../shell/site";
import { Note } from "../ui/feedback";
import { scenarioTitle } from "../ui/scenario-words";

/** Says that too few approvers are left: for one scenario, or for any. */
export function Degraded({ scenario, any = false }: { scenario?: string; any?: boolean }) {
  const site = useSite();
  const { data } = useQuery(policiesQuery);
  const hit = data?.degraded.filter((name) => any || name === scenario) ?? [];
  if (hit.length === 0) return null;
  return (
    <Note tone="bad" title="Too few approvers are left">
      Nobody can approve {hit.map(scenarioTitle).join(", ")} until there is another approver or the Owner{" "}
      <Link to="/s/$site/rules" params={{ site }} search={{ recover: true }}>
        starts a recovery
      </Link>
      : somebody has left whom the rules need.
    </Note>
  );
}
