import { Checkbox, NumberInput, Select } from "@mantine/core";
import { useState } from "react";
import type { Policy, PolicyChange } from "../api/types";
import { Ask } from "../ui/ask";
import { Note } from "../ui/feedback";
import { scenarioTitle } from "../ui/scenario-words";
import { cautions } from "./cautions";
import { ROLES } from "./words";

const ROLE_CHOICES = Object.entries(ROLES).map(([value, label]) => ({
  value,
  label: label.charAt(0).toUpperCase() + label.slice(1),
}));

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
  const [required, setRequired] = useState(change?.required ?? policy.required);
  const [other, setOther] = useState(change?.required_other ?? policy.required_other);
  const [roles, setRoles] = useState(change?.approvers ?? policy.approver_roles);
  const [counts, setCounts] = useState(change?.initiator_counts ?? policy.initiator_counts);
  return (
    <Ask
      opened
      onClose={onClose}
      title={`Change the rule: ${scenarioTitle(policy.scenario)}`}
      confirm="Add to the changes"
      onConfirm={async () =>
        onChange({
          ...change,
          scenario: policy.scenario,
          required,
          required_other: other,
          ...(roles !== policy.approver_roles && { approvers: roles }),
          ...(counts !== policy.initiator_counts && { initiator_counts: counts }),
        })
      }
    >
      <div className="row top">
        <NumberInput
          className="grow"
          label="Approvals"
          description={`now ${policy.required}; ${policy.available} people could approve`}
          min={1}
          max={Math.max(1, policy.available)}
          value={required}
          onChange={(value) => setRequired(Number(value))}
          clampBehavior="strict"
          allowDecimal={false}
        />
        <NumberInput
          className="grow"
          label="By others"
          description={`now ${policy.required_other}`}
          min={0}
          max={Math.max(0, policy.available - 1)}
          value={other}
          onChange={(value) => setOther(Number(value))}
          clampBehavior="strict"
          allowDecimal={false}
        />
      </div>
      <Select
        label="Approvers"
        data={ROLE_CHOICES}
        value={roles}
        allowDeselect={false}
        onChange={(value) => value && setRoles(value as Policy["approver_roles"])}
      />
      <Checkbox
        label="Who asks counts as an approval, if they may approve"
        checked={counts}
        onChange={(event) => setCounts(event.currentTarget.checked)}
      />
      {cautions(policy, required, other).map((text) => (
        <Note key={text} tone="warn" title={text} />
      ))}
    </Ask>
  );
}
