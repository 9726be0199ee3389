import { Checkbox } from "@mantine/core";
import { useState } from "react";
import { changeSafeguards, type Safeguards } from "../api/governance";
import { Ask } from "../ui/ask";
import { wait } from "../ui/format";
import { GatedButton } from "../ui/gated";
import type { Can } from "../ui/permissions";
import { told } from "../ui/toast";

/** What each is called and what it is for, with the time lock of a recovery in seconds. */
export const safeguardWords = (timelock: number): [keyof Safeguards, string, string][] => [
  [
    "ratchet",
    "Lowering a count takes as many people as it asked for",
    "Otherwise one person undoes what two had agreed.",
  ],
  [
    "closure",
    "Making an approver takes as many people as the highest count",
    "Otherwise one person makes the others up.",
  ],
  [
    "owner_recovery",
    "The owner may start a recovery",
    `After ${wait(timelock)}, against the veto of any approver. Otherwise only somebody with a shell on the server can.`,
  ],
];

/** The rules behind the rules; switching one off takes as many people as lowering every count. */
export function SafeguardsCard({
  safeguards,
  timelock,
  why,
}: {
  safeguards: Safeguards;
  /** Of a recovery, seconds. */
  timelock: number;
  why: Can;
}) {
  const words = safeguardWords(timelock);
  const [asked, setAsked] = useState<Safeguards | null>(null);
  return (
    <section className="card col gap3" aria-label="Safeguards">
      <div className="row between wrap">
        <h2>Safeguards</h2>
        <GatedButton why={why} variant="default" onClick={() => setAsked(safeguards)}>
          Change safeguards…
        </GatedButton>
      </div>
      <ul className="plain col">
        {words.map(([key, title, note]) => (
          <li key={key}>
            <b>{safeguards[key] ? "On" : "Off"}</b>: {title} <span className="dim small">{note}</span>
          </li>
        ))}
      </ul>
      <Ask
        opened={asked !== null}
        onClose={() => setAsked(null)}
        title="Change the safeguards"
        confirm="Submit the change"
        reason="optional"
        onConfirm={async (reason) => {
          if (!asked) return;
          const request = await changeSafeguards(asked, reason);
          told(
            request.state === "executed" ? "Safeguards changed" : "The change waits for approvals",
            `R-${request.number}`,
          );
        }}
      >
        {words.map(([key, title, note]) => (
          <Checkbox
            key={key}
            label={title}
            description={note}
            checked={asked?.[key] ?? false}
            onChange={(event) => asked && setAsked({ ...asked, [key]: event.currentTarget.checked })}
          />
        ))}
      </Ask>
    </section>
  );
}
