import type { ReactNode } from "react";
import { scenarioTitle } from "../ui/scenario-words";

/** Turning power away takes one person who may, at once, whatever the rule asks of the rest of its scenario. */
const ONE_PERSON: Record<string, string> = {
  "fleet.power": "Pausing always takes one person, at once.",
  "fleet.mode": "Sleep always takes one person, at once.",
};

/** Heads of the columns below. */
export function RuleHeads() {
  return (
    <>
      <th scope="col">Scenario</th>
      <th scope="col" className="r">
        Approvals
      </th>
      <th scope="col" className="r">
        By others
      </th>
    </>
  );
}

/** What kind of action, and how many it needs: the first cells of a rule's row. */
export function RuleCells({
  rule,
  planned,
}: {
  rule: { scenario: string; version: number; required: number; available: number; required_other: number };
  /** What it is about to become. */
  planned?: ReactNode;
}) {
  return (
    <>
      <td data-label="Scenario">
        <div>
          <b>{scenarioTitle(rule.scenario)}</b>
          <div className="dim small">
            <span className="num">{rule.scenario}</span>
            {rule.version > 0 && `, version ${rule.version}`}
          </div>
          {rule.required + rule.required_other > 1 && ONE_PERSON[rule.scenario] && (
            <div className="dim small">{ONE_PERSON[rule.scenario]}</div>
          )}
        </div>
      </td>
      <td data-label="Approvals" className="r num">
        <span>
          <b>{rule.required}</b>
          <span className="dim"> of {rule.available}</span>
          {planned}
        </span>
      </td>
      <td data-label="By others" className="r num">
        {rule.required_other}
      </td>
    </>
  );
}
