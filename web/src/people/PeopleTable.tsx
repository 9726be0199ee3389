import type { Person } from "../api/account-types";
import { scopeWords } from "../roles/scope";
import { useNodeName } from "../shell/site";
import { ago, dateTime, dateTimeLong, NONE, words } from "../ui/format";
import { useNow } from "../ui/use-now";
import { PersonMenu, type PersonTask } from "./PersonMenu";

export function PeopleTable({ people, onTask }: { people: Person[]; onTask: (task: PersonTask) => void }) {
  const now = useNow();
  return (
    <div className="card scroll-x" style={{ padding: 0 }}>
      <table className="data stack">
        <thead>
          <tr>
            <th scope="col">Person</th>
            <th scope="col">Role and where</th>
            <th scope="col">Remark</th>
            <th scope="col">Last seen</th>
            <th scope="col">State</th>
            <th scope="col">
              <span className="sr">What to do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {people.map((person) => (
            <tr key={person.id}>
              <td data-label="Person">
                <div>
                  <b>{person.name}</b>
                  {person.me && <span className="dim"> (you)</span>}
                  <div className="dim small">{person.email}</div>
                </div>
              </td>
              <td data-label="Role and where">
                <Grants person={person} />
              </td>
              <td data-label="Remark">
                <div>
                  {person.grants.every((grant) => !grant.remark)
                    ? NONE
                    : person.grants.map((grant) => <div key={grant.id}>{grant.remark ?? NONE}</div>)}
                </div>
              </td>
              <td data-label="Last seen">
                {!person.opened ? (
                  <span className="dim">not told</span>
                ) : person.last_seen_at ? (
                  <span title={dateTimeLong(person.last_seen_at)}>{ago(person.last_seen_at, now)}</span>
                ) : (
                  "never"
                )}
              </td>
              <td data-label="State">
                <State person={person} />
              </td>
              <td data-label="" className="r menu">
                <PersonMenu person={person} onTask={onTask} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether they are active, and why what they approve would not count. */
function State({ person }: { person: Person }) {
  if (person.suspended) return <b className="warn">Suspended</b>;
  if (!person.opened)
    return (
      <div>
        Not opened yet
        <div className="dim small">
          They can still decline; until they have opened it, they approve nothing.
        </div>
      </div>
    );
  if (!person.verified)
    return (
      <div>
        <span className="warn">E-mail not confirmed</span>
        <div className="dim small">What they approve does not count until it is.</div>
      </div>
    );
  return <>Active</>;
}

function Grants({ person }: { person: Person }) {
  const nodeName = useNodeName();
  if (person.grants.length === 0) return <span className="dim">no role</span>;
  return (
    <div>
      {person.grants.map((grant) => (
        <div key={grant.id}>
          {grant.role_title} <span className="dim">{scopeWords(grant.scope, nodeName)}</span>
          {grant.expires_at && (
            <span className={grant.expired ? "warn small" : "dim small"}>
              , {grant.expired ? "ended" : "until"} {dateTime(grant.expires_at)}
            </span>
          )}
          {grant.api_access !== "none" && (
            <span className="dim small">, API {words(grant.api_access).toLowerCase()}</span>
          )}
        </div>
      ))}
    </div>
  );
}
