import { Button } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { changePolicies } from "../api/mutations";
import type { Policy, PolicyChange } from "../api/types";
import { useSite } from "../shell/site";
import { Ask } from "../ui/ask";
import { plural } from "../ui/format";
import { useCan } from "../ui/permissions";
import { told } from "../ui/toast";
import { Foretold } from "./Foretold";
import css from "./Policies.module.css";
import { changeWords } from "./words";

/** The changes so far: looked at together, submitted as one request, all or none. */
export function Changes({
  policies,
  changes,
  onDrop,
}: {
  policies: Policy[];
  changes: PolicyChange[];
  /** Takes one out, or all of them. */
  onDrop: (scenario?: string) => void;
}) {
  const [asking, setAsking] = useState(false);
  const site = useSite();
  const navigate = useNavigate();
  const seesPeople = useCan()("user.view").allowed;
  if (changes.length === 0) return null;
  const submit = async (reason: string) => {
    const request = await changePolicies(changes, reason);
    onDrop();
    if (request.state === "executed") told("Rules changed", `recorded as R-${request.number}`);
    else await navigate({ to: "/s/$site/requests/$id", params: { site, id: request.id } });
  };
  return (
    <section className={`card ${css.changes}`} aria-label="Changes not yet submitted">
      <b>{plural(changes.length, "change")}</b>
      <span className="dim grow">one request for all of them, or none</span>
      <Button variant="default" onClick={() => onDrop()}>
        Forget them
      </Button>
      <Button onClick={() => setAsking(true)}>Review and submit…</Button>
      <Ask
        opened={asking}
        onClose={() => setAsking(false)}
        title="Change approval rules"
        confirm="Submit as one request"
        reason="optional"
        onConfirm={submit}
      >
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Scenario</th>
              <th scope="col">Now</th>
              <th scope="col">Then</th>
              <th scope="col">
                <span className="sr">Leave out</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {changes.map((change) => {
              const policy = policies.find((entry) => entry.scenario === change.scenario);
              const words = policy && changeWords(policy, change);
              return (
                <tr key={change.scenario}>
                  <td className="num">{change.scenario}</td>
                  <td className="dim">{words?.from}</td>
                  <td>{words?.to}</td>
                  <td className="r">
                    {changes.length > 1 && (
                      <button
                        type="button"
                        className="link"
                        aria-label={`Leave ${change.scenario} out`}
                        onClick={() => onDrop(change.scenario)}
                      >
                        leave out
                      </button>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {seesPeople && <Foretold supposed={{ changes }} />}
      </Ask>
    </section>
  );
}
