import { IconPlus, IconRefreshDot, IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { scanTasksQuery } from "../api/estate";
import { agentsQuery } from "../api/queries";
import { useSitesInScope } from "../shell/site";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { count, plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { AgentAsk } from "./AgentAsk";
import { AgentCard, type AgentTask } from "./AgentCard";
import { ChangeAgent, NewAgent, ReissueToken } from "./AgentDialogs";
import { Conflicts } from "./Conflicts";
import { RestartDialog } from "./RestartDialog";
import { ScanDialog } from "./ScanDialog";

type Task = AgentTask | { kind: "new" | "restart" };

export function AgentsPage() {
  const sites = useSitesInScope();
  const can = useCan();
  const noSite = "There is no site yet: add one first.";
  const restart = can("system.restart_workers");
  const manage = can("agent.manage");
  const [task, setTask] = useState<Task | null>(null);
  const close = () => setTask(null);
  const { data, error, refetch } = useQuery(agentsQuery);
  const { data: scans } = useQuery(scanTasksQuery);
  const ids = new Set(sites.map((site) => site.id));
  const agents = data?.items.filter((agent) => ids.has(agent.site)) ?? [];
  const tasks = scans?.items.filter((each) => ids.has(each.site)) ?? [];
  const away = agents.filter((agent) => agent.enrolled && !agent.connected).length;
  return (
    <div className="page">
      <header className="row between wrap">
        <div>
          <h1>Agents & scans</h1>
          <p className="dim">
            {data ? (
              <>
                {plural(agents.length, "agent")}, {plural(tasks.length, "scan task")}
                {away > 0 && <span className="bad"> · {count(away)} not connected</span>}
              </>
            ) : (
              "Loading…"
            )}
          </p>
        </div>
        <div className="row wrap">
          <GatedButton
            why={restart.allowed && sites.length === 0 ? noSite : restart}
            variant="default"
            leftSection={<IconRefreshDot size={15} aria-hidden="true" />}
            onClick={() => setTask({ kind: "restart" })}
          >
            Restart collection workers…
          </GatedButton>
          <GatedButton
            why={manage.allowed && sites.length === 0 ? noSite : manage}
            leftSection={<IconPlus size={14} aria-hidden="true" />}
            onClick={() => setTask({ kind: "new" })}
          >
            Add an agent…
          </GatedButton>
        </div>
      </header>
      <Conflicts />
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={3} height={140} />
      ) : agents.length === 0 ? (
        <Empty title="No agent yet" icon={<IconServer2 size={28} aria-hidden="true" className="dim" />}>
          <p>An agent runs beside the devices, scans their addresses and carries out what is approved.</p>
        </Empty>
      ) : (
        agents.map((agent) => (
          <AgentCard
            key={agent.id}
            agent={agent}
            tasks={tasks.filter((each) => each.agent === agent.id)}
            named={sites.length > 1}
            onTask={setTask}
          />
        ))
      )}
      <RestartDialog opened={task?.kind === "restart"} onClose={close} sites={sites} />
      {task?.kind === "new" && <NewAgent sites={sites} onClose={close} />}
      {task?.kind === "token" && <ReissueToken agent={task.agent} onClose={close} />}
      {task?.kind === "change" && <ChangeAgent agent={task.agent} onClose={close} />}
      {(task?.kind === "pause" ||
        task?.kind === "release" ||
        task?.kind === "revoke" ||
        task?.kind === "remove-scan") && <AgentAsk task={task} onClose={close} />}
      {task?.kind === "new-scan" && <ScanDialog agent={task.agent} task={null} onClose={close} />}
      {task?.kind === "change-scan" && <ScanDialog agent={task.agent} task={task.task} onClose={close} />}
    </div>
  );
}
