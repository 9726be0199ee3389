import { IconPlugConnectedX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Overview } from "../api/types";
import { age, plural, power } from "../ui/format";
import { useNow } from "../ui/use-now";
import css from "./Shell.module.css";
import { useSite, useSiteName } from "./site";

type Hidden = Overview["hidden"][number];

const CONDITION: Record<Hidden["condition"], string> = {
  gone: "not heard of",
  paused: "paused",
  overloaded: "overloaded",
  late: "late",
  well: "back",
};
const MOST = 3;

/** Says what the header cannot know: agents that do not let know how their devices are. */
export function HiddenBanner({ hidden }: { hidden: Hidden[] }) {
  const site = useSite();
  const now = useNow(5_000);
  const siteName = useSiteName();
  const more = hidden.slice(MOST);
  return (
    <div className={css.banner}>
      <IconPlugConnectedX size={16} aria-hidden="true" />
      <span className="grow">
        {hidden.slice(0, MOST).map((agent) => (
          <span key={agent.agent} style={{ display: "block" }}>
            Agent {agent.name ?? `on ${siteName(agent.site)}`} is {CONDITION[agent.condition]} for{" "}
            <span className="num">{age(now - agent.since)}</span>: {text([agent])}
          </span>
        ))}
        {more.length > 0 && (
          <span style={{ display: "block" }}>
            {plural(more.length, "more agent")}: {text(more)}
          </span>
        )}
      </span>
      <Link to="/s/$site/agents" params={{ site }}>
        Agents
      </Link>
    </div>
  );
}

/** "120 devices not known, 360 kW when last known". */
function text(agents: Hidden[]): string {
  const devices = agents.reduce((sum, agent) => sum + agent.devices, 0);
  const watts = agents.reduce((sum, agent) => sum + agent.power_w, 0);
  if (devices === 0) return "all devices known so far";
  return `${plural(devices, "device")} not known, ${power(watts)} when last known`;
}
