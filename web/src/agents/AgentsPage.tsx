import { IconRefreshDot, IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { agentsQuery } from "../api/queries";
import { useSitesInScope } from "../shell/site";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { count, plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { AgentCard } from "./AgentCard";
import { RestartDialog } from "./RestartDialog";

export function AgentsPage() {
  const sites = useSitesInScope();
  const restart = useCan()("system.restart_workers");
  const [asking, setAsking] = useState(false);
  const { data, error, refetch } = useQuery(agentsQuery);
  const ids = new Set(sites.map((site) => site.id));
  const agents = data?.items.filter((agent) => ids.has(agent.site)) ?? [];
  const workers = agents.reduce((sum, agent) => sum + agent.workers.length, 0);
  const away = agents.filter((agent) => !agent.connected).length;
  return (
    <div className="page">
      <header className="row between wrap">
        <div>
          <h1>Agents & scans</h1>
          <p className="dim">
            {data ? (
              <>
                {plural(agents.length, "agent")}, {plural(workers, "worker")}
                {away > 0 && <span className="bad"> · {count(away)} not connected</span>}
              </>
            ) : (
              "Loading…"
            )}
          </p>
        </div>
        <GatedButton
          why={restart.allowed && sites.length === 0 ? "There is no site" : restart}
          variant="default"
          leftSection={<IconRefreshDot size={15} aria-hidden="true" />}
          onClick={() => setAsking(true)}
        >
          Restart collection workers…
        </GatedButton>
      </header>
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={3} height={140} />
      ) : agents.length === 0 ? (
        <Empty
          title="No agents on this site"
          icon={<IconServer2 size={28} aria-hidden="true" className="dim" />}
        >
          <p>An agent runs beside the devices, scans their addresses and carries out what is approved.</p>
        </Empty>
      ) : (
        agents.map((agent) => <AgentCard key={agent.id} agent={agent} named={sites.length > 1} />)
      )}
      <RestartDialog opened={asking} onClose={() => setAsking(false)} sites={sites} />
    </div>
  );
}
