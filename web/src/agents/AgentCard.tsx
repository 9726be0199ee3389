import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { ScanTask } from "../api/estate";
import type { Agent } from "../api/types";
import { useSiteName } from "../shell/site";
import { Note } from "../ui/feedback";
import { age, ago, count, NONE } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { TaskMenu } from "../ui/task-menu";
import { useNow } from "../ui/use-now";
import css from "./Agents.module.css";
import { ScanTable } from "./ScanTable";

/** What is asked before it happens. */
export type AskedTask =
  | { kind: "pause" | "release" | "revoke"; agent: Agent }
  | { kind: "remove-scan"; agent: Agent; task: ScanTask };
export type AgentTask =
  | AskedTask
  | { kind: "change" | "new-scan" | "token"; agent: Agent }
  | { kind: "change-scan"; agent: Agent; task: ScanTask };

/** A clock this far off makes times of results doubtful. */
const CLOCK_WARN_MS = 5_000;

export function AgentCard({
  agent,
  tasks,
  named,
  onTask,
}: {
  agent: Agent;
  tasks: ScanTask[];
  named: boolean;
  onTask: (task: AgentTask) => void;
}) {
  const now = useNow(1_000);
  const siteName = useSiteName();
  const can = useCan();
  const manage = can("agent.manage").why;
  const offset = agent.clock_offset_ms;
  return (
    <article className={`card ${css.agent}`} aria-label={agent.name}>
      <div className="row between top">
        <div className="row wrap">
          <h2 className="row" style={{ fontSize: "var(--text-15)" }}>
            <span className={css.dot} data-on={agent.enrolled ? agent.connected : "new"} aria-hidden="true" />
            {agent.name}
          </h2>
          {named && <span className="dim small">{siteName(agent.site)}</span>}
          <span className={agent.connected || !agent.enrolled ? "soft" : "bad"}>
            {agent.enrolled ? (agent.connected ? "Connected" : "Not connected") : notSetUp(agent, now)}
            {agent.last_contact !== null && `, heard ${ago(agent.last_contact, now)}`}
          </span>
        </div>
        <TaskMenu
          of={agent.name}
          tasks={[
            { word: "Change…", why: manage, run: () => onTask({ kind: "change", agent }) },
            agent.paused
              ? { word: "Let it run again…", why: manage, run: () => onTask({ kind: "release", agent }) }
              : { word: "Pause…", why: manage, run: () => onTask({ kind: "pause", agent }) },
            ...(agent.enrolled
              ? []
              : [{ word: "Another token…", why: manage, run: () => onTask({ kind: "token", agent }) }]),
            { word: "Revoke…", why: manage, run: () => onTask({ kind: "revoke", agent }), danger: true },
          ]}
        />
      </div>
      <dl className={css.facts}>
        <Fact word="Mode" value={agent.mode === "full_control" ? "Full control" : "Monitoring only"} />
        <Fact word="Devices" value={count(agent.devices)} />
        <Fact word="Open commands" value={count(agent.open_commands)} />
        <Fact word="Version" value={agent.version ?? NONE} />
        <Fact word="Host" value={agent.host ?? NONE} />
      </dl>
      {agent.paused && (
        <div className="row wrap">
          <div className="grow">
            <Note tone="warn" title="Paused">
              It neither searches nor polls, and carries out nothing, until it is let run again.
            </Note>
          </div>
          {manage === "" && (
            <Button variant="default" onClick={() => onTask({ kind: "release", agent })}>
              Let it run again…
            </Button>
          )}
        </div>
      )}
      <Load agent={agent} />
      {offset !== null && Math.abs(offset) > CLOCK_WARN_MS && (
        <Note
          tone="warn"
          title={`Its clock is ${age(Math.abs(offset))} ${offset > 0 ? "ahead" : "behind"}`}
        />
      )}
      {tasks.length === 0 ? (
        <p className="dim">No scan task: this agent searches nothing yet.</p>
      ) : (
        <ScanTable agent={agent} tasks={tasks} onTask={onTask} />
      )}
      <div>
        <GatedButton
          why={can("scan_task.manage")}
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() => onTask({ kind: "new-scan", agent })}
        >
          Add a scan task…
        </GatedButton>
      </div>
    </article>
  );
}

/** Whether it keeps up with its polls. */
function Load({ agent }: { agent: Agent }) {
  const { condition, lag_ms: lag, interval_ms: interval, configured_interval_ms: configured } = agent;
  const widened =
    interval !== null && interval > configured
      ? `It polls each device every ${age(interval)} rather than every ${age(configured)}: more it cannot do.`
      : "";
  if (condition === "overloaded" || condition === "late")
    return (
      <Note tone="warn" title={condition === "late" ? "Late" : "Overloaded"}>
        {lag !== null && `Its oldest due poll is ${age(lag)} old. `}
        {widened} Devices that it does not get round to are unknown.
      </Note>
    );
  return widened ? <Note title="Polls less often than asked for">{widened}</Note> : null;
}

const notSetUp = ({ token_ends }: Agent, now: number) =>
  token_ends !== null && token_ends <= now ? "Not set up: its token has ended" : "Not set up yet";

function Fact({ word, value }: { word: string; value: string }) {
  return (
    <div>
      <dt>{word}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}
