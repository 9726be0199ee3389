import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { Person } from "../api/account-types";
import { forecastQuery } from "../api/governance";
import { removePerson } from "../api/people";
import type { PolicyChange } from "../api/types";
import { type Chosen, changesOf } from "../policies/lowering";
import { Note, ProblemNote } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { useCan } from "../ui/permissions";
import { useForetold } from "../ui/use-foretold";
import { useOutcome } from "../ui/use-outcome";

const LowerCounts = lazy(() =>
  import("../policies/LowerCounts").then((module) => ({ default: module.LowerCounts })),
);

/** The question before a person is removed; where the rules need them, together with counts that come down. */
export function RemoveAsk({ person, onClose }: { person: Person; onClose: () => void }) {
  const tell = useOutcome();
  const { name, id } = person;
  const [chosen, setChosen] = useState<Chosen>({});
  // Of somebody who is being removed nothing more can be foretold.
  const [sending, setSending] = useState(false);
  const { data: forecast, refetch } = useQuery({
    ...forecastQuery({ remove: [id] }),
    staleTime: 0,
    enabled: !sending,
  });
  const short = forecast?.refusal?.code === "would_lock_out" ? forecast.refusal.scenarios : [];
  const after = forecast?.scenarios.filter((entry) => short.includes(entry.scenario)) ?? [];
  const policies = after.map((entry) => entry.after);
  const mayLower = useCan()("approval_policy.change");
  const bundled = policies.length > 0 && mayLower.allowed;
  const changes = bundled ? changesOf(policies, chosen) : [];
  const send = async () => {
    setSending(true);
    try {
      await tell(await removePerson(id, changes), `${name} is removed`);
      onClose();
    } catch (error) {
      setSending(false);
      // The rules may need them only since the question was opened.
      void refetch();
      throw error;
    }
  };
  return (
    <FormDialog
      title={`Remove ${name}?`}
      confirm={bundled ? "Remove and lower" : "Remove"}
      danger
      ready={policies.length === 0 || bundled}
      onClose={onClose}
      send={send}
    >
      <p className="soft">
        All roles end, keys stop working, and open pages close. What {name} did stays in the audit log.
      </p>
      {policies.length > 0 && (
        <Note tone="warn" title={`The rules need ${name}`} alert>
          {bundled
            ? "Too few approvers would be left for these. One request can do both: all of it or nothing."
            : `Too few approvers would be left. Whoever changes approval rules can lower counts in the same request. ${mayLower.why}`}
        </Note>
      )}
      {bundled && (
        <Suspense fallback={null}>
          <LowerCounts legend="Counts afterwards" policies={policies} chosen={chosen} onChange={setChosen} />
          <Takes user={id} changes={changes} />
        </Suspense>
      )}
    </FormDialog>
  );
}

/** What the whole takes, or why it could not be asked for. */
function Takes({ user, changes }: { user: string; changes: PolicyChange[] }) {
  const { rule, refusal } = useForetold({ action: "remove_user", params: { user, changes } });
  if (refusal) return <ProblemNote error={refusal} />;
  return rule ? <Note title={rule.sentence} /> : null;
}
