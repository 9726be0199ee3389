import { Checkbox, NumberInput, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { signInOptionsQuery } from "../api/account";
import type { Policy, PolicyChange } from "../api/types";
import { Ask } from "../ui/ask";
import { Note } from "../ui/feedback";
import { plural } from "../ui/format";
import { scenarioTitle } from "../ui/scenario-words";
import { cautions } from "./cautions";
import { DurationField } from "./DurationField";
import { changed, changeOf, ROLES, STEP_UPS } from "./words";

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const choices = (words: Record<string, string>) =>
  Object.entries(words).map(([value, label]) => ({ value, label: capital(label) }));
const MINUTE = 60;
const DAY = 86_400;

/** One scenario's rule, put into the set of changes that is submitted as a whole. */
export function PolicyDialog({
  policy,
  change,
  onChange,
  onClose,
}: {
  policy: Policy;
  change: PolicyChange | undefined;
  onChange: (change: PolicyChange) => void;
  onClose: () => void;
}) {
  const [next, setNext] = useState<Policy>({ ...policy, ...(change && changed(policy, change)) });
  const set = (patch: Partial<Policy>) => setNext({ ...next, ...patch });
  const passkeys = useQuery(signInOptionsQuery).data?.passkeys != null;
  const stepUps = choices(STEP_UPS).map((choice) =>
    choice.value === "passkey" && !passkeys ? { ...choice, disabled: true } : choice,
  );
  return (
    <Ask
      opened
      onClose={onClose}
      title={`Change the rule: ${scenarioTitle(policy.scenario)}`}
      confirm="Add to the changes"
      onConfirm={async () => onChange(changeOf(policy, next))}
    >
      <div className="row top">
        <NumberInput
          className="grow"
          label="Approvals"
          description={`now ${policy.required}; ${plural(policy.available, "person", "people")} could approve`}
          min={1}
          max={Math.max(1, policy.available)}
          value={next.required}
          onChange={(value) => set({ required: Number(value) })}
          clampBehavior="strict"
          allowDecimal={false}
        />
        <NumberInput
          className="grow"
          label="By others"
          description={`now ${policy.required_other}`}
          min={0}
          max={Math.max(0, policy.available - 1)}
          value={next.required_other}
          onChange={(value) => set({ required_other: Number(value) })}
          clampBehavior="strict"
          allowDecimal={false}
        />
      </div>
      <Select
        label="Approvers"
        data={choices(ROLES)}
        value={next.approver_roles}
        allowDeselect={false}
        onChange={(value) => value && set({ approver_roles: value as Policy["approver_roles"] })}
      />
      <Checkbox
        label="Who asks counts as an approval, if they may approve"
        checked={next.initiator_counts}
        onChange={(event) => set({ initiator_counts: event.currentTarget.checked })}
      />
      <Checkbox
        label="Programs go alone where one approval is enough"
        checked={next.programs_run_alone}
        onChange={(event) => set({ programs_run_alone: event.currentTarget.checked })}
      />
      <Select
        label="To approve, one shows"
        description={
          next.step_up === "passkey"
            ? "A passkey for each decision; whoever asks counts once they have approved with theirs, too."
            : passkeys
              ? undefined
              : "Passkeys need the server's own name and TLS."
        }
        data={stepUps}
        value={next.step_up}
        allowDeselect={false}
        onChange={(value) => value && set({ step_up: value as Policy["step_up"] })}
      />
      <DurationField
        label="Waits for approvals at most"
        now={policy.approve_ttl_s}
        value={next.approve_ttl_s}
        least={MINUTE}
        most={30 * DAY}
        onChange={(seconds) => set({ approve_ttl_s: seconds })}
      />
      <DurationField
        label="Time lock after the last approval"
        now={policy.timelock_s}
        value={next.timelock_s}
        least={0}
        most={14 * DAY}
        onChange={(seconds) => set({ timelock_s: seconds })}
      />
      <DurationField
        label="Begins within"
        now={policy.execute_ttl_s}
        value={next.execute_ttl_s}
        least={MINUTE}
        most={7 * DAY}
        onChange={(seconds) => set({ execute_ttl_s: seconds })}
      />
      {cautions(policy, next.required, next.required_other).map((text) => (
        <Note key={text} tone="warn" title={text} />
      ))}
    </Ask>
  );
}
