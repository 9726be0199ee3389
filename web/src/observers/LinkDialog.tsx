import { Checkbox, NumberInput, TextInput } from "@mantine/core";
import { useState } from "react";
import type { SubAccount } from "../api/estate";
import { issueObserverLink, type ObserverLinkMade } from "../api/observers";
import { FormDialog } from "../ui/form-dialog";

/** A new link: for whom, what it shows, and how long. */
export function LinkDialog({
  subAccounts,
  onClose,
  onMade,
}: {
  subAccounts: SubAccount[];
  onClose: () => void;
  onMade: (made: ObserverLinkMade) => void;
}) {
  const [label, setLabel] = useState("");
  const [shown, setShown] = useState<string[]>(
    subAccounts.length === 1 ? subAccounts.map((of) => of.id) : [],
  );
  const [workers, setWorkers] = useState(true);
  const [earnings, setEarnings] = useState(false);
  const [days, setDays] = useState(90);
  return (
    <FormDialog
      title="Make an observer link"
      confirm="Make the link"
      ready={label.trim() !== "" && shown.length > 0}
      onClose={onClose}
      send={async () => {
        const sections = { workers, earnings };
        const made = await issueObserverLink({
          label: label.trim(),
          sub_accounts: shown,
          sections,
          expires_in_days: days,
        });
        onClose();
        onMade(made);
      }}
    >
      <TextInput
        label="For whom"
        description="For you to tell links apart; whoever opens it sees this as its heading."
        value={label}
        maxLength={60}
        onChange={(event) => setLabel(event.currentTarget.value)}
        data-autofocus
      />
      <fieldset className="bare col">
        <legend>Sub-accounts</legend>
        {subAccounts.map((of) => (
          <Checkbox
            key={of.id}
            label={of.name}
            checked={shown.includes(of.id)}
            onChange={(event) =>
              setShown(event.currentTarget.checked ? [...shown, of.id] : shown.filter((id) => id !== of.id))
            }
          />
        ))}
      </fieldset>
      <Checkbox
        label="Show every worker"
        checked={workers}
        onChange={(event) => setWorkers(event.currentTarget.checked)}
      />
      <Checkbox
        label="Show what is due, never where it goes"
        description="Takes approval where the rules say so."
        checked={earnings}
        onChange={(event) => setEarnings(event.currentTarget.checked)}
      />
      <NumberInput
        label="Ends after"
        suffix=" days"
        min={1}
        max={365}
        value={days}
        onChange={(value) => setDays(Number(value))}
        clampBehavior="strict"
        allowDecimal={false}
      />
    </FormDialog>
  );
}
