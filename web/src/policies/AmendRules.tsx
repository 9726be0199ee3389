import { Button, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { amendRequest } from "../api/mutations";
import { policiesQuery } from "../api/queries";
import { queryClient } from "../api/query";
import type { Policy, PolicyChange, Request } from "../api/types";
import { AMEND, Amends, amendTitle, isSame, NOTHING_NEW } from "../ui/amends";
import { FormDialog } from "../ui/form-dialog";
import { scenarioTitle } from "../ui/scenario-words";
import { useOutcome } from "../ui/use-outcome";
import { PolicyDialog } from "./PolicyDialog";
import { changeWords } from "./words";

/** Other changes of rules in the place of those that a request asks for. */
export function AmendRules({
  request,
  asked,
  onClose,
}: {
  request: Request;
  asked: PolicyChange[];
  onClose: () => void;
}) {
  const { data } = useQuery(policiesQuery);
  const [changes, setChanges] = useState(asked);
  const [reason, setReason] = useState(request.reason ?? "");
  const [editing, setEditing] = useState<Policy | null>(null);
  const tell = useOutcome();
  const same = isSame(request, { action: "set_policies", params: { changes } }, reason);
  const policyOf = (scenario: string) => data?.items.find((policy) => policy.scenario === scenario);
  const put = (change: PolicyChange) =>
    setChanges(
      changes.map((each) =>
        each.scenario === change.scenario ? { ...change, version: policyOf(change.scenario)?.version } : each,
      ),
    );
  const send = async () => {
    const action = { action: "set_policies", params: { changes } } as const;
    const next = await amendRequest(request.id, action, [], reason.trim());
    void queryClient.invalidateQueries({ queryKey: ["policies"] });
    onClose();
    await tell(next, "Rules changed");
  };
  return (
    <>
      <FormDialog
        title={amendTitle(request)}
        size={640}
        confirm={AMEND}
        ready={!same && changes.length > 0}
        hint={same ? NOTHING_NEW : changes.length === 0 ? "At least one rule must stay" : undefined}
        onClose={onClose}
        send={send}
      >
        <Amends request={request} />
        <table className="data stack" aria-label="Rules">
          <tbody>
            {changes.map((change) => {
              const policy = policyOf(change.scenario);
              const title = scenarioTitle(change.scenario);
              return (
                <tr key={change.scenario}>
                  <td data-label="Rule">{title}</td>
                  <td data-label="Then">{policy && changeWords(policy, change).to}</td>
                  <td data-label="" className="r nowrap">
                    <Button
                      variant="default"
                      aria-label={`Change… ${title}`}
                      disabled={!policy}
                      onClick={() => policy && setEditing(policy)}
                    >
                      Change…
                    </Button>{" "}
                    <Button
                      variant="subtle"
                      aria-label={`Leave out ${title}`}
                      onClick={() => setChanges(changes.filter((each) => each !== change))}
                    >
                      Leave out
                    </Button>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        <Textarea
          label="Reason (optional)"
          value={reason}
          maxLength={1000}
          rows={2}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      </FormDialog>
      {editing && (
        <PolicyDialog
          policy={editing}
          change={changes.find((change) => change.scenario === editing.scenario)}
          onChange={put}
          onClose={() => setEditing(null)}
        />
      )}
    </>
  );
}
