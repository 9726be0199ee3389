import { removeGrant, unsuspendPerson } from "../api/people";
import { Ask } from "../ui/ask";
import { useOutcome } from "../ui/use-outcome";
import { LeaveAsk } from "./LeaveAsk";
import type { PersonTask } from "./PersonMenu";
import { RemoveAsk } from "./RemoveAsk";
import { SuspendAsk } from "./SuspendAsk";

type Asked = Exclude<PersonTask, { kind: "more" | "change" }>;

/** The question before something is taken from a person, or given back. */
export function PersonAsk({ task, onClose }: { task: Asked; onClose: () => void }) {
  const tell = useOutcome();
  const { name, id } = task.person;
  switch (task.kind) {
    case "take":
      return (
        <Ask
          opened
          onClose={onClose}
          title={`Take ${task.grant.role_title} from ${name}?`}
          confirm="Take it away"
          danger
          onConfirm={async () => tell(await removeGrant(task.grant.id), "Role taken away")}
        >
          <p className="soft">It stops counting at once, on pages that are open too. Other roles stay.</p>
        </Ask>
      );
    case "suspend":
      return <SuspendAsk person={task.person} onClose={onClose} />;
    case "unsuspend":
      return (
        <Ask
          opened
          onClose={onClose}
          title={`End the suspension of ${name}?`}
          confirm="End it"
          onConfirm={async () => tell(await unsuspendPerson(id), `${name} is active again`)}
        >
          <p className="soft">The roles count again as they stand.</p>
        </Ask>
      );
    case "remove":
      return <RemoveAsk person={task.person} onClose={onClose} />;
    case "leave":
      return <LeaveAsk onClose={onClose} />;
  }
}
