import { MultiSelect, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { forecastQuery, startRecovery } from "../api/governance";
import { useSession } from "../api/session";
import type { Policy, Request } from "../api/types";
import { Note, ProblemNote } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { wait } from "../ui/format";
import { scenarioTitle } from "../ui/scenario-words";
import { fitting, isTooHigh } from "./lowering";
import { recoveryTimelock } from "./words";

/** The Owner's way out where too few approvers are left, or where one of them blocks everything. */
export function RecoverDialog({
  policies,
  onClose,
  onStarted,
}: {
  policies: readonly Policy[];
  onClose: () => void;
  onStarted: (request: Request) => Promise<unknown>;
}) {
  const { user } = useSession();
  const [remove, setRemove] = useState<string[]>([]);
  const [reason, setReason] = useState("");
  const without = useQuery({ ...forecastQuery({ remove }), enabled: remove.length > 0 });
  const after = remove.length > 0 ? without.data?.scenarios.map((scenario) => scenario.after) : policies;
  const lowered = after?.filter(isTooHigh) ?? [];
  const nothing = remove.length === 0 && lowered.length === 0;
  const timelock = recoveryTimelock(policies);
  const hint = nothing
    ? "Every count can be met: name whom to remove."
    : reason.trim() === ""
      ? "Say why."
      : "";
  return (
    <FormDialog
      title="Start a recovery"
      size="lg"
      confirm="Start the recovery"
      danger
      ready={hint === "" && after !== undefined}
      hint={hint}
      onClose={onClose}
      send={async () => onStarted(await startRecovery(remove, reason.trim()))}
    >
      <p className="soft">
        Where too few approvers are left, or one of them blocks everything: whom you name is removed, and
        every count that could not be met any more comes down to what there are people for. Nothing else is
        lowered.
      </p>
      <Note title="What follows">
        <ul style={{ margin: 0, paddingLeft: "1.2em" }}>
          <li>It waits {wait(timelock)} before anything changes.</li>
          <li>Every approver is told now, half-way and at its end, whatever they have switched off.</li>
          <li>Until then any approver may call it off, but nobody whom it removes. So may you.</li>
          <li>It runs once and changes nothing about money.</li>
          <li>Afterwards another Administrator reviews it and says what they found.</li>
        </ul>
      </Note>
      <MultiSelect
        label="Remove (optional)"
        description="Approvers who block the others. All their roles end; they have no say in this."
        placeholder={remove.length === 0 ? "Nobody" : undefined}
        data={approversIn(policies, user.id)}
        value={remove}
        onChange={setRemove}
        searchable
        clearable
      />
      {without.error !== null && remove.length > 0 && <ProblemNote error={without.error} />}
      {lowered.length > 0 && (
        <section className="col">
          <h3>Counts that come down</h3>
          <ul className="plain">
            {lowered.map((policy) => (
              <li key={policy.scenario}>
                {scenarioTitle(policy.scenario)}: {policy.required} → {fitting(policy).required}{" "}
                <span className="dim">
                  ({policy.available} {policy.available === 1 ? "person" : "people"} could approve)
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <Textarea
        label="Reason"
        description="Everybody who is told of it reads this."
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        required
        withAsterisk={false}
        maxLength={1000}
        rows={3}
      />
    </FormDialog>
  );
}

/** Everybody who may approve anything, but for the Owner. */
function approversIn(policies: readonly Policy[], owner: string) {
  const people = policies.flatMap((policy) => [...(policy.who ?? []), ...(policy.limited ?? [])]);
  const names = new Map(people.filter((person) => person.id !== owner).map(({ id, name }) => [id, name]));
  return [...names]
    .map(([value, label]) => ({ value, label }))
    .sort((a, b) => a.label.localeCompare(b.label));
}
