import { deleteRole } from "../api/people";
import type { RoleInfo } from "../api/types";
import { Ask } from "../ui/ask";
import { useOutcome } from "../ui/use-outcome";

/** The question before a role of the account's own is deleted. */
export function DeleteRole({ role, onClose }: { role: RoleInfo; onClose: () => void }) {
  const tell = useOutcome();
  return (
    <Ask
      opened
      onClose={onClose}
      title={`Delete ${role.name}?`}
      confirm="Delete the role"
      danger
      onConfirm={async () => tell(await deleteRole(role.code), `Role ${role.name} deleted`)}
    >
      <p className="soft">
        Only a role that nobody holds can be deleted: give its holders another one first.
      </p>
    </Ask>
  );
}
