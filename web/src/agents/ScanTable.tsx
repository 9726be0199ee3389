import type { ScanTask } from "../api/estate";
import type { Agent, Worker } from "../api/types";
import { ago, count, dateTime, duration, NONE } from "../ui/format";
import { useCan } from "../ui/permissions";
import { TaskMenu } from "../ui/task-menu";
import { useNow } from "../ui/use-now";
import type { AgentTask } from "./AgentCard";
import css from "./Agents.module.css";

/** A worker that started this recently is marked, so a restart can be seen. */
const FRESH_MS = 120_000;
/** Ranges named in the table; the form shows all of them. */
const FEW = 3;

/** The scan tasks of an agent, each with the worker that serves it. */
export function ScanTable({
  agent,
  tasks,
  onTask,
}: {
  agent: Agent;
  tasks: ScanTask[];
  onTask: (task: AgentTask) => void;
}) {
  const now = useNow(1_000);
  return (
    <div className="scroll-x">
      <table className="data stack">
        <thead>
          <tr>
            <th scope="col">Scan task</th>
            <th scope="col">Ranges</th>
            <th scope="col" className="r">
              Generation
            </th>
            <th scope="col">Started</th>
            <th scope="col" className="r">
              Swept
            </th>
            <th scope="col" className="r">
              Known
            </th>
            <th scope="col" className="r">
              Unidentified
            </th>
            <th scope="col">Last sweep</th>
            <th scope="col">
              <span className="sr">What to do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => (
            <Row
              key={task.id}
              agent={agent}
              task={task}
              worker={agent.workers.find((worker) => worker.scan_task === task.id)}
              now={now}
              onTask={onTask}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({
  agent,
  task,
  worker,
  now,
  onTask,
}: {
  agent: Agent;
  task: ScanTask;
  worker: Worker | undefined;
  now: number;
  onTask: (task: AgentTask) => void;
}) {
  const why = useCan()("scan_task.manage").why;
  const started = worker !== undefined && worker.generation > 0;
  const fresh = started && worker.generation > 1 && now - worker.started_at < FRESH_MS;
  const more = task.ranges.length - FEW;
  return (
    <tr key={worker?.generation} className={fresh ? css.fresh : undefined}>
      <td data-label="Scan task">
        <div className="col" style={{ gap: 0 }}>
          <span className="row">
            <span className={css.dot} data-on={worker?.running ?? false} aria-hidden="true" />
            {task.name}
            <Standing agent={agent} task={task} worker={worker} />
          </span>
          <span className="dim small">
            every {duration(task.interval_s)}
            {task.has_credentials && ", with passwords"}
          </span>
        </div>
      </td>
      <td data-label="Ranges" className="num small soft" title={task.ranges.join(", ")}>
        <div>
          {task.ranges.slice(0, FEW).join(", ")}
          {more > 0 && ` and ${more} more`}
          <div className="dim">{count(task.addresses)} addresses</div>
        </div>
      </td>
      <td data-label="Generation" className="r num">
        {started ? <b data-testid="worker-generation">{worker.generation}</b> : NONE}
      </td>
      <td
        data-label="Started"
        style={{ whiteSpace: "nowrap" }}
        title={started ? dateTime(worker.started_at) : undefined}
      >
        <span>
          {started ? ago(worker.started_at, now) : NONE}
          {fresh && <span className="good small"> restarted</span>}
        </span>
      </td>
      <td data-label="Swept" className="r num" style={{ whiteSpace: "nowrap" }}>
        {started ? `${count(worker.swept)} / ${count(worker.addresses)}` : NONE}
      </td>
      <td data-label="Known" className="r num">
        {started ? count(worker.identified) : NONE}
      </td>
      <td data-label="Unidentified" className="r num">
        {started ? count(worker.unidentified) : NONE}
      </td>
      <td data-label="Last sweep" className="dim" style={{ whiteSpace: "nowrap" }}>
        {worker?.last_sweep_at == null ? "never" : ago(worker.last_sweep_at, now)}
      </td>
      <td data-label="" className="r menu">
        <TaskMenu
          of={task.name}
          tasks={[
            { word: "Change…", why, run: () => onTask({ kind: "change-scan", agent, task }) },
            {
              word: "Remove…",
              why,
              run: () => onTask({ kind: "remove-scan", agent, task }),
              danger: true,
            },
          ]}
        />
      </td>
    </tr>
  );
}

/** Why nothing is swept, if nothing is. */
function Standing({ agent, task, worker }: { agent: Agent; task: ScanTask; worker: Worker | undefined }) {
  if (!task.enabled) return <span className="dim small">switched off</span>;
  if (worker?.running) return null;
  if (!agent.connected || agent.paused) return <span className="dim small">waits for the agent</span>;
  return <span className="bad small">stopped</span>;
}
