import { NumberInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { changePolicies } from "../api/mutations";
import type { Policy } from "../api/types";
import { useSite } from "../shell/site";
import { Ask } from "../ui/ask";
import { Note } from "../ui/feedback";
import { scenarioTitle } from "../ui/scenario-words";
import { told } from "../ui/toast";
import { cautions } from "./cautions";

export function PolicyDialog({ policy, onClose }: { policy: Policy; onClose: () => void }) {
  const site = useSite();
  const navigate = useNavigate();
  const [required, setRequired] = useState(policy.required);
  const [other, setOther] = useState(policy.required_other);
  return (
    <Ask
      opened
      onClose={onClose}
      title={`Change the rule: ${scenarioTitle(policy.scenario)}`}
      confirm="Submit the change"
      reason="optional"
      onConfirm={async (reason) => {
        const request = await changePolicies(
          [{ scenario: policy.scenario, required, required_other: other }],
          reason,
        );
        if (request.state === "executed")
          told("Rule changed", `${scenarioTitle(policy.scenario)}, recorded as R-${request.number}`);
        else await navigate({ to: "/s/$site/requests/$id", params: { site, id: request.id } });
      }}
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
      {cautions(policy, required, other).map((text) => (
        <Note key={text} tone="warn" title={text} />
      ))}
    </Ask>
  );
}
