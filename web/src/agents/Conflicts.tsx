import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { conflictsQuery, type DeviceConflict, moveDevices } from "../api/estate";
import { Ask } from "../ui/ask";
import { Note } from "../ui/feedback";
import { NONE, plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { useOutcome } from "../ui/use-outcome";
import { twoAddresses } from "./places";

/** As many as can be read at a glance; the others show once these are settled. */
const SHOWN = 20;
type Agent = NonNullable<DeviceConflict["holder"]>;
interface Choice {
  device: string;
  agent: Agent;
  /** At which address it stays, if it stays. */
  stays: string | null;
}

const placeOf = (agent: Agent | null) =>
  agent ? `${agent.name} on ${agent.site_name ?? agent.site}` : "an agent out of your reach";

/** Of one agent once, however many addresses it names. */
function claimants(conflict: DeviceConflict) {
  const others = conflict.claims.filter((claim) => !claim.by_holder);
  return others.filter(
    ({ agent }, at) => others.findIndex((other) => other.agent?.id === agent?.id) === at || !agent,
  );
}

/** Machines that two agents say they see, or that answer at two addresses. They stay where they are until somebody settles it. */
export function Conflicts() {
  const { data } = useQuery(conflictsQuery);
  const [choice, setChoice] = useState<Choice | null>(null);
  const move = useCan()("device.move");
  const tell = useOutcome();
  if (!data || data.total === 0) return null;
  return (
    <Note
      tone="warn"
      title={`${plural(data.total, "machine")} ${data.total === 1 ? "is" : "are"} seen in two places`}
    >
      <p>
        Orders go to the agent that has each of them, at the address that is followed. Say where they are, or
        look for who is taken for them. What is kept and still seen elsewhere is listed again.
      </p>
      <ul className="col">
        {data.items.slice(0, SHOWN).map((each) => (
          <li className="row wrap" key={each.device ?? each.mac ?? each.serial}>
            <span className="num">{each.device ?? each.mac ?? each.serial ?? NONE}</span>
            <Said conflict={each} />
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
              choice.stays ? `${choice.device} stays` : `${choice.device} is with ${choice.agent.name}`,
            )
          }
        >
          <p className="soft">
            {choice.stays
              ? `It stays with ${placeOf(choice.agent)} at ${choice.stays}, and what is said of other places is settled until it is seen there again.`
              : `From then on it is with ${placeOf(choice.agent)}, in no container there, and whoever may order that site's machines may order it.`}
          </p>
        </Ask>
      )}
    </Note>
  );
}

function Said({ conflict }: { conflict: DeviceConflict }) {
  const twice = conflict.device ? twoAddresses(conflict.ip, conflict.claims) : null;
  const others = claimants(conflict);
  const is = conflict.device ? `is with ${placeOf(conflict.holder ?? null)}` : "is another site's";
  return (
    <span className="soft">
      {twice && `${twice.says}. ${twice.todo} `}
      {others.length > 0 &&
        `${is}; ${others.map((claim) => placeOf(claim.agent ?? null)).join(", ")} sees it, too`}
    </span>
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
          onClick={() => onChoose({ device, agent: holder, stays: conflict.ip ?? "its address" })}
        >
          Keep…
        </GatedButton>
      )}
      {claimants(conflict).map(
        ({ agent }) =>
          agent && (
            <GatedButton
              key={agent.id}
              why={why}
              variant="default"
              size="compact-sm"
              onClick={() => onChoose({ device, agent, stays: null })}
            >
              {`Move to ${agent.name}…`}
            </GatedButton>
          ),
      )}
    </>
  );
}
