import { useState } from "react";
import { deleteAccount } from "../api/accounts";
import { useSession } from "../api/session";
import { Section } from "../security/Section";
import { Ask } from "../ui/ask";
import { Note } from "../ui/feedback";
import { dateTimeLong } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { TypedName } from "../ui/typed-name";
import { useOutcome } from "../ui/use-outcome";

/** The end of the account: its name typed, its identity shown anew, seven days to change one's mind. */
export function DeleteSection() {
  const { account, deletion } = useSession();
  const can = useCan();
  const tell = useOutcome();
  const [asking, setAsking] = useState(false);
  const [name, setName] = useState("");
  const close = () => {
    setAsking(false);
    setName("");
  };
  return (
    <Section
      title="Delete the account"
      state={
        deletion
          ? `It is deleted on ${dateTimeLong(deletion.at)}, unless that is undone above.`
          : "Machines keep mining as they are set; nobody sees or controls them from here any more."
      }
      action={
        <GatedButton
          why={deletion ? "It is being deleted already." : can("account.delete")}
          variant="default"
          color="danger"
          onClick={() => setAsking(true)}
        >
          Delete {account.name}…
        </GatedButton>
      }
    >
      <Ask
        opened={asking}
        onClose={close}
        title={`Delete ${account.name}?`}
        confirm="Delete the account"
        danger
        onConfirm={async () => {
          await tell(await deleteAccount(name), `${account.name} is to be deleted`);
        }}
      >
        <Note tone="warn" title="For everybody on it">
          From now on nothing is carried out. After seven days all roles, keys, agents and open requests end.
          The audit log stays.
        </Note>
        <TypedName of="the account's name" name={account.name} value={name} onChange={setName} />
      </Ask>
    </Section>
  );
}
