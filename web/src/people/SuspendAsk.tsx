import { Link } from "@tanstack/react-router";
import type { Person } from "../api/account-types";
import { suspendPerson } from "../api/people";
import { hasCode } from "../api/problem";
import { useSite } from "../shell/site";
import { Note } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { useOutcome } from "../ui/use-outcome";

/** The question before somebody is suspended. Where the rules need them, the account can still be frozen. */
export function SuspendAsk({ person: { id, name }, onClose }: { person: Person; onClose: () => void }) {
  const tell = useOutcome();
  const site = useSite();
  const refusal = (error: unknown) =>
    hasCode(error, "would_lock_out") ? (
      <Note tone="bad" title={`The rules need ${name}`} alert>
        Without them too few approvers would be left. Counts that need them come down first, under{" "}
        <Link to="/s/$site/rules" params={{ site }}>
          Approval rules
        </Link>
        . If it cannot wait,{" "}
        <Link to="/s/$site/settings" params={{ site }}>
          freeze the account instead
        </Link>
        : that takes one person, at once.
      </Note>
    ) : null;
  return (
    <FormDialog
      title={`Suspend ${name}?`}
      confirm="Suspend"
      danger
      refusal={refusal}
      onClose={onClose}
      send={async () => {
        await tell(await suspendPerson(id), `${name} is suspended`);
        onClose();
      }}
    >
      <p className="soft">
        Runs at once, without approval: {name} can see and do nothing until the suspension ends, and votes on
        open requests stop counting. The roles stay as they are.
      </p>
    </FormDialog>
  );
}
