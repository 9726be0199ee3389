import type { Agent, Worker } from "../api/types";
import { useSiteName } from "../shell/site";
import { Note } from "../ui/feedback";
import { age, ago, count, dateTime, NONE } from "../ui/format";
import { useNow } from "../ui/use-now";
import css from "./Agents.module.css";

/** A clock this far off makes times of results doubtful. */
const CLOCK_WARN_MS = 5_000;
/** A worker that started this recently is marked, so a restart can be seen. */
const FRESH_MS = 120_000;

export function AgentCard({ agent, named }: { agent: Agent; named: boolean }) {
  const now = useNow(1_000);
  const siteName = useSiteName();
  const offset = agent.clock_offset_ms;
  return (
    <article className={`card ${css.agent}`} aria-label={agent.name}>
      <div className="row between wrap">
        <h2 className="row" style={{ fontSize: "var(--text-15)" }}>
          <span className={css.dot} data-on={agent.connected} aria-hidden="true" />
          {agent.name}
          {named && <span className="dim small">{siteName(agent.site)}</span>}
        </h2>
        <span className={agent.connected ? "soft" : "bad"}>
          {agent.connected ? "Connected" : "Not connected"}
          {agent.last_contact !== null && `, heard ${ago(agent.last_contact, now)}`}
        </span>
      </div>
      <dl className={css.facts}>
        <Fact word="Mode" value={agent.mode === "full_control" ? "Full control" : "Monitoring only"} />
        <Fact word="Devices" value={count(agent.devices)} />
        <Fact word="Open commands" value={count(agent.open_commands)} />
        <Fact word="Version" value={agent.version ?? NONE} />
        <Fact word="Host" value={agent.host ?? NONE} />
      </dl>
      {agent.paused && (
        <Note tone="warn" title="Paused on site">
          Somebody beside the machines holds this agent; it carries out nothing until they release it.
        </Note>
      )}
      {offset !== null && Math.abs(offset) > CLOCK_WARN_MS && (
        <Note
          tone="warn"
          title={`Its clock is ${age(Math.abs(offset))} ${offset > 0 ? "ahead" : "behind"}`}
        />
      )}
      {agent.workers.length === 0 ? (
        <p className="dim">No worker: no scan task is set up for this agent.</p>
      ) : (
        <div className="scroll-x">
          <table className="data stack">
            <thead>
              <tr>
                <th scope="col">Worker</th>
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
              </tr>
            </thead>
            <tbody>
              {agent.workers.map((worker) => (
                <WorkerRow key={`${worker.scan_task} ${worker.generation}`} worker={worker} now={now} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </article>
  );
}

function WorkerRow({ worker, now }: { worker: Worker; now: number }) {
  const fresh = worker.generation > 1 && now - worker.started_at < FRESH_MS;
  return (
    <tr className={fresh ? css.fresh : undefined}>
      <td data-label="Worker">
        <span className="row" style={{ whiteSpace: "nowrap" }}>
          <span className={css.dot} data-on={worker.running} aria-hidden="true" />
          {worker.name}
          {!worker.running && <span className="bad small">stopped</span>}
        </span>
      </td>
      <td data-label="Ranges" className="num small soft">
        {worker.ranges.join(", ")}
      </td>
      <td data-label="Generation" className="r num">
        <b data-testid="worker-generation">{worker.generation}</b>
      </td>
      <td data-label="Started" style={{ whiteSpace: "nowrap" }} title={dateTime(worker.started_at)}>
        {ago(worker.started_at, now)}
        {fresh && <span className="good small"> restarted</span>}
      </td>
      <td data-label="Swept" className="r num" style={{ whiteSpace: "nowrap" }}>
        {count(worker.swept)} / {count(worker.addresses)}
      </td>
      <td data-label="Known" className="r num">
        {count(worker.identified)}
      </td>
      <td data-label="Unidentified" className="r num">
        {count(worker.unidentified)}
      </td>
      <td data-label="Last sweep" className="dim" style={{ whiteSpace: "nowrap" }}>
        {worker.last_sweep_at === null ? "never" : ago(worker.last_sweep_at, now)}
      </td>
    </tr>
  );
}

function Fact({ word, value }: { word: string; value: string }) {
  return (
    <div>
      <dt>{word}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}
