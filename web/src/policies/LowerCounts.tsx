import { NumberInput } from "@mantine/core";
import type { Policy } from "../api/types";
import { plural } from "../ui/format";
import { scenarioTitle } from "../ui/scenario-words";
import { type Chosen, type Counts, ceiling, chosenFor, isTooHigh } from "./lowering";
import css from "./Policies.module.css";

/** Rules with the counts they come down to; nothing can be raised here. */
export function LowerCounts({
  legend,
  policies,
  chosen,
  onChange,
}: {
  legend: string;
  /** As they will be but for their counts. */
  policies: readonly Policy[];
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
}) {
  return (
    <fieldset className="bare col">
      <legend>{legend}</legend>
      <ul className={`plain ${css.foretold}`}>
        {policies.map((policy) => {
          const to = chosenFor(policy, chosen);
          const set = (patch: Partial<Counts>) =>
            onChange({ ...chosen, [policy.scenario]: { ...to, ...patch } });
          return (
            <li key={policy.scenario} className={css.lowered}>
              <div className={css.rule}>
                <b>{scenarioTitle(policy.scenario)}</b>
                <div className={isTooHigh(policy) ? "warn small" : "dim small"}>{nowWords(policy)}</div>
              </div>
              <div className={css.counts}>
                <Count
                  label="Approvals"
                  of={policy.scenario}
                  least={1}
                  most={ceiling(policy).required}
                  value={to.required}
                  onChange={(required) => set({ required })}
                />
                {policy.required_other > 0 && (
                  <Count
                    label="By others"
                    of={policy.scenario}
                    least={0}
                    most={ceiling(policy).required_other}
                    value={to.required_other}
                    onChange={(required_other) => set({ required_other })}
                  />
                )}
              </div>
            </li>
          );
        })}
      </ul>
    </fieldset>
  );
}

function Count({
  label,
  of,
  least,
  most,
  value,
  onChange,
}: {
  label: string;
  of: string;
  least: number;
  most: number;
  value: number;
  onChange: (value: number) => void;
}) {
  return (
    <NumberInput
      w={96}
      label={label}
      aria-label={`${label}: ${scenarioTitle(of)}`}
      min={least}
      max={most}
      value={value}
      onChange={(next) => onChange(Number(next))}
      clampBehavior="strict"
      allowDecimal={false}
      allowNegative={false}
    />
  );
}

function nowWords({ required, required_other, available }: Policy): string {
  const others = required_other > 0 ? `, ${required_other} by others` : "";
  return `now ${required}${others}; ${plural(available, "person", "people")} could approve`;
}
