import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { conflictsQuery, type DeviceConflict, moveDevices } from "../api/estate";
import { Ask } from "../ui/ask";
import { Note } from "../ui/feedback";
import { NONE, plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { useOutcome } from "../ui/use-outcome";

/** As many as can be read at a glance; the others show once these are settled. */
const SHOWN = 20;
type Agent = NonNullable<DeviceConflict["holder"]>;
interface Choice {
  device: string;
  agent: Agent;
  stays: boolean;
}

const placeOf = (agent: Agent | null) =>
  agent ? `${agent.name} on ${agent.site_name ?? agent.site}` : "an agent out of your reach";

/** Machines that two agents say they see. They stay where they are until somebody says where that is. */
export function Conflicts() {
  const { data } = useQuery(conflictsQuery);
  const [choice, setChoice] = useState<Choice | null>(null);
  const move = useCan()("device.move");
  const tell = useOutcome();
  if (!data || data.total === 0) return null;
  return (
    <Note
      tone="warn"
      title={`${plural(data.total, "machine")} ${data.total === 1 ? "is" : "are"} reported in two places`}
    >
      <p>
        Orders go to the agent that has each of them. Say where they are, or look for who reports them
        wrongly.
      </p>
      <ul className="col">
        {data.items.slice(0, SHOWN).map((each) => (
          <li className="row wrap" key={each.device ?? each.mac ?? each.serial}>
            <span className="num">{each.device ?? each.mac ?? each.serial ?? NONE}</span>
            <span className="soft">
              {each.device ? `is with ${placeOf(each.holder ?? null)}` : "is another site's"};{" "}
              {each.claims.map((claim) => placeOf(claim.agent ?? null)).join(", ")} sees it, too
            </span>
            {each.device && <Choices device={each.device} conflict={each} why={move} onChoose={setChoice} />}
          </li>
        ))}
      </ul>
      {choice && (
        <Ask
          opened
          onClose={() => setChoice(null)}
          title={choice.stays ? `Keep ${choice.device} where it is?` : `Move ${choice.device}?`}
          confirm={choice.stays ? "Keep" : "Move"}
          reason="optional"
          onConfirm={async (reason) =>
            tell(
              await moveDevices([choice.device], choice.agent.id, reason),
              `${choice.device} is with ${choice.agent.name}`,
            )
          }
        >
          <p className="soft">
            {choice.stays
              ? `It stays with ${placeOf(choice.agent)}, and what others say of it is settled.`
              : `From then on it is with ${placeOf(choice.agent)}, in no container there, and whoever may order that site's machines may order it.`}
          </p>
        </Ask>
      )}
    </Note>
  );
}

function Choices({
  device,
  conflict,
  why,
  onChoose,
}: {
  device: string;
  conflict: DeviceConflict;
  why: ReturnType<ReturnType<typeof useCan>>;
  onChoose: (choice: Choice) => void;
}) {
  const { holder } = conflict;
  return (
    <>
      {holder && (
        <GatedButton
          why={why}
          variant="default"
          size="compact-sm"
          onClick={() => onChoose({ device, agent: holder, stays: true })}
        >
          Keep…
        </GatedButton>
      )}
      {conflict.claims.map(
        ({ agent }) =>
          agent && (
            <GatedButton
              key={agent.id}
              why={why}
              variant="default"
              size="compact-sm"
              onClick={() => onChoose({ device, agent, stays: false })}
            >
              {`Move to ${agent.name}…`}
            </GatedButton>
          ),
      )}
    </>
  );
}
