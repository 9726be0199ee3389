import { changeAgent, removeScanTask, revokeAgent } from "../api/estate";
import type { Agent } from "../api/types";
import { Ask } from "../ui/ask";
import { useOutcome } from "../ui/use-outcome";
import type { AskedTask } from "./AgentCard";

const paused = ({ id, etag, name, mode }: Agent, on: boolean, reason: string) =>
  changeAgent({ id, etag }, { name, mode, paused: on, ...(reason && { reason }) });

/** The question before an agent or one of its scan tasks is stopped. */
export function AgentAsk({ task, onClose }: { task: AskedTask; onClose: () => void }) {
  const tell = useOutcome();
  const { agent } = task;
  switch (task.kind) {
    case "pause":
      return (
        <Ask
          opened
          onClose={onClose}
          title={`Pause ${agent.name}?`}
          confirm="Pause"
          reason="optional"
          onConfirm={async (reason) => tell(await paused(agent, true, reason), `${agent.name} is paused`)}
        >
          <p className="soft">
            It neither searches nor polls, and carries out nothing. Its machines keep mining; here they are
            unknown until it is let run again.
          </p>
        </Ask>
      );
    case "release":
      return (
        <Ask
          opened
          onClose={onClose}
          title={`Let ${agent.name} run again?`}
          confirm="Let it run"
          reason="optional"
          onConfirm={async (reason) => tell(await paused(agent, false, reason), `${agent.name} runs again`)}
        >
          <p className="soft">It searches and polls again, and carries out what is approved.</p>
        </Ask>
      );
    case "revoke":
      return (
        <Ask
          opened
          onClose={onClose}
          title={`Revoke ${agent.name}?`}
          confirm="Revoke"
          danger
          onConfirm={async () => tell(await revokeAgent(agent), `${agent.name} is revoked`)}
        >
          <p className="soft">
            Its key opens nothing any more, and its scan tasks go with it. Its machines stay listed, unknown,
            until another agent finds them. This cannot be undone: add a new agent instead.
          </p>
        </Ask>
      );
    case "remove-scan":
      return (
        <Ask
          opened
          onClose={onClose}
          title={`Remove ${task.task.name}?`}
          confirm="Remove"
          danger
          onConfirm={async () => tell(await removeScanTask(task.task), `${task.task.name} removed`)}
        >
          <p className="soft">
            {agent.name} no longer searches {task.task.ranges.slice(0, 5).join(", ")}
            {task.task.ranges.length > 5 && " and the rest"}. Machines that it found stay listed.
          </p>
        </Ask>
      );
  }
}
