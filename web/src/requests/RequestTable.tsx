import { Link } from "@tanstack/react-router";
import type { RequestSummary } from "../api/types";
import { useSite, useSiteName } from "../shell/site";
import { isOp } from "../ui/actions";
import { ChangesLine } from "../ui/changes";
import { ago, dateTimeLong, deltaPower, until } from "../ui/format";
import { RequestStateMark } from "../ui/request-state";
import { scenarioTitle } from "../ui/scenario-words";
import { useNow } from "../ui/use-now";
import { runText, votesText } from "./phases";
import css from "./Requests.module.css";

/** Requests one below the other: what was asked, by whom, and how it stands. */
export function RequestTable({
  items,
  onPerson,
}: {
  items: readonly RequestSummary[];
  /** Somebody was pressed. */
  onPerson: (person: string) => void;
}) {
  const site = useSite();
  const siteName = useSiteName();
  const now = useNow();
  return (
    <table className="data stack">
      <thead>
        <tr>
          <th scope="col">Number</th>
          <th scope="col">Request</th>
          <th scope="col">Site</th>
          <th scope="col">Asked for by</th>
          <th scope="col">State</th>
          <th scope="col" className="r">
            Power
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.id}>
            <td data-label="Number" className="num dim">
              R-{item.number}
            </td>
            <td data-label="Request" className={css.what}>
              <div>
                <Link to="/s/$site/requests/$id" params={{ site, id: item.id }}>
                  {item.title}
                </Link>
                <div className="dim small">{scenarioTitle(item.scenario)}</div>
                <ChangesLine text={item.changes_line} />
              </div>
            </td>
            <td data-label="Site" className="nowrap">
              {item.site ? siteName(item.site) : "The account"}
            </td>
            <td data-label="Asked for by">
              <div>
                <Who item={item} onPerson={onPerson} />
                <div className="dim small" title={dateTimeLong(item.created_at)}>
                  {ago(item.created_at, now)}
                </div>
              </div>
            </td>
            <td data-label="State">
              <div>
                <RequestStateMark state={item.state} />
                <div className="dim small num">{standing(item, now)}</div>
              </div>
            </td>
            <td data-label="Power" className={`r num nowrap ${isOp(item.action.action) ? "" : "none"}`}>
              {isOp(item.action.action) ? deltaPower(item.effect.delta_w) : ""}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How far it has come: its approvals while it waits, its targets after that. */
function standing({ state, approvals, approve_deadline, progress, ended_at }: RequestSummary, now: number) {
  if (state === "pending") return `${votesText(approvals)}, expires ${until(approve_deadline, now)}`;
  const ended = ended_at === null ? "" : ago(ended_at, now);
  const run = progress?.total ? runText(progress, ended_at !== null) : "";
  return [run, ended].filter((part) => part !== "").join(", ");
}

function Who({ item, onPerson }: { item: RequestSummary; onPerson: (person: string) => void }) {
  const person = item.key_of ?? item.initiator;
  if (!person.id.startsWith("usr-")) return item.initiator.name;
  return (
    <button
      type="button"
      className="link"
      title={`Requests of ${person.name}`}
      onClick={() => onPerson(person.id)}
    >
      {item.initiator.name}
    </button>
  );
}
