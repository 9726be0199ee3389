import { leaveAccount } from "../api/people";
import { recheckSession, useSession } from "../api/session";
import { Ask } from "../ui/ask";

/** The question before somebody leaves the account by themselves. */
export function LeaveAsk({ onClose }: { onClose: () => void }) {
  const { account } = useSession();
  return (
    <Ask
      opened
      onClose={onClose}
      title={`Leave ${account.name}?`}
      confirm="Leave"
      danger
      onConfirm={async () => {
        await leaveAccount(account.id);
        await recheckSession();
      }}
    >
      <p className="soft">
        All your roles here end at once. Only somebody who manages people can let you back in.
      </p>
    </Ask>
  );
}
