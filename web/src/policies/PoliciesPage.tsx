import { IconScale } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { policiesQuery } from "../api/queries";
import type { Policy, PolicyChange } from "../api/types";
import { Approvers } from "../ui/approver-list";
import { Empty, LoadError, Note, Waiting } from "../ui/feedback";
import { duration, NONE, plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { scenarioTitle } from "../ui/scenario-words";
import { Changes } from "./Changes";
import { Who } from "./Foretold";
import { PolicyDialog } from "./PolicyDialog";
import { Presets } from "./Presets";
import { RecoveryCard } from "./RecoveryCard";
import { RuleCells, RuleHeads } from "./RuleCells";
import { SafeguardsCard } from "./SafeguardsCard";
import { SecondFactorCard } from "./SecondFactorCard";
import { WhatIf } from "./WhatIf";
import { changeWords, isChange, isSerious, recoveryTimelock, STEP_UPS, warningWords } from "./words";

const route = getRouteApi("/s/$site/rules");

export function PoliciesPage() {
  const { data, error, refetch } = useQuery(policiesQuery);
  const { recover } = route.useSearch();
  const { site } = route.useParams();
  const navigate = route.useNavigate();
  const can = useCan();
  const [editing, setEditing] = useState<Policy | null>(null);
  const [changes, setChanges] = useState<PolicyChange[]>([]);
  const why = can("approval_policy.change");
  const put = (change: PolicyChange) => {
    const policy = data?.items.find((entry) => entry.scenario === change.scenario);
    const others = changes.filter((entry) => entry.scenario !== change.scenario);
    setChanges(policy && isChange(policy, change) ? [...others, seen(change)] : others);
  };
  // What was looked at: if somebody else changes it before this is submitted, it is refused.
  const seen = (change: PolicyChange): PolicyChange => ({
    ...change,
    version: data?.items.find((entry) => entry.scenario === change.scenario)?.version,
  });
  const drop = (scenario?: string) =>
    setChanges(scenario ? changes.filter((entry) => entry.scenario !== scenario) : []);
  return (
    <div className="page">
      <header>
        <h1>Approval rules</h1>
        <p className="dim">
          How many people each kind of action needs. Changing a rule is itself a request, under its own rule.
        </p>
      </header>
      {data && data.degraded.length > 0 && (
        <Note tone="bad" title="Too few approvers are left" alert>
          Nobody can approve {data.degraded.map(scenarioTitle).join(", ")} any more: somebody has left whom
          the rules need. Make another approver, or the Owner{" "}
          <Link to="/s/$site/rules" params={{ site }} search={{ recover: true }}>
            starts a recovery
          </Link>
          .
        </Note>
      )}
      <Presets off={!why.allowed} onChoose={(chosen) => setChanges(chosen.map(seen))} />
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={8} />
      ) : data.items.length === 0 ? (
        <Empty title="No rules yet" icon={<IconScale size={28} aria-hidden="true" className="dim" />} />
      ) : (
        <div className="card scroll-x" style={{ padding: 0 }}>
          <table className="data stack">
            <thead>
              <tr>
                <RuleHeads />
                <th scope="col">Who counts</th>
                <th scope="col">Waits at most</th>
                <th scope="col">Time lock</th>
                <th scope="col">Sign-in</th>
                <th scope="col">
                  <span className="sr">Change</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.items.map((policy) => (
                <tr key={policy.scenario}>
                  <RuleCells
                    rule={policy}
                    planned={
                      <Planned policy={policy} change={changes.find((c) => c.scenario === policy.scenario)} />
                    }
                  />
                  <td data-label="Who counts">
                    <div>
                      <Approvers of={policy.approvers} />
                      <div className="dim small">
                        {policy.initiator_counts ? "the initiator counts" : "the initiator does not count"}
                      </div>
                      <Who of={policy} />
                      {policy.warnings.map((code) => (
                        <div key={code} className={`small ${isSerious(code) ? "warn" : "dim"}`}>
                          {warningWords(code)}
                        </div>
                      ))}
                    </div>
                  </td>
                  <td data-label="Waits at most">
                    <div>
                      <span className="num">{duration(policy.approve_ttl_s)}</span>
                      <div className="dim small nowrap">
                        then begins within {duration(policy.execute_ttl_s)}
                      </div>
                    </div>
                  </td>
                  <td data-label="Time lock" className={`num ${policy.timelock_s > 0 ? "" : "none"}`}>
                    {policy.timelock_s > 0 ? duration(policy.timelock_s) : NONE}
                  </td>
                  <td data-label="Sign-in" className={policy.step_up === "none" ? "none" : "nowrap"}>
                    {policy.step_up === "none" ? NONE : STEP_UPS[policy.step_up]}
                  </td>
                  <td data-label="" className="r">
                    <GatedButton
                      why={
                        policy.fixed
                          ? "Its counts are fixed: what makes things safer takes one person, a new owner everybody."
                          : why
                      }
                      variant="default"
                      aria-label={`Change the rule: ${scenarioTitle(policy.scenario)}`}
                      onClick={() => setEditing(policy)}
                    >
                      Change…
                    </GatedButton>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p className="dim small">
        “Approvals” counts different people, out of those who could give one today; “by others” is how many of
        them must be somebody other than the one who asks. {data && plural(data.items.length, "scenario")}
      </p>
      <Changes policies={data?.items ?? []} changes={changes} onDrop={drop} />
      {can("user.view").allowed && <WhatIf />}
      {data && (
        <RecoveryCard
          policies={data.items}
          safeguards={data.safeguards}
          asking={recover === true}
          onAsk={(asking) => void navigate({ search: asking ? { recover: true } : {}, replace: true })}
        />
      )}
      {data && (
        <SafeguardsCard safeguards={data.safeguards} timelock={recoveryTimelock(data.items)} why={why} />
      )}
      {data && <SecondFactorCard on={data.second_factor_required} why={why} />}
      {editing && (
        <PolicyDialog
          policy={editing}
          change={changes.find((change) => change.scenario === editing.scenario)}
          onChange={put}
          onClose={() => setEditing(null)}
        />
      )}
    </div>
  );
}

/** What the changes not yet submitted would make of it. */
function Planned({ policy, change }: { policy: Policy; change: PolicyChange | undefined }) {
  if (!change) return null;
  return <div className="small warn">then {changeWords(policy, change).to}</div>;
}
