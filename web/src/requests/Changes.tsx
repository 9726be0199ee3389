import { Link } from "@tanstack/react-router";
import type { Request } from "../api/types";
import { useSite } from "../shell/site";
import { isMoney } from "../ui/actions";
import { ChangeRows } from "../ui/changes";
import { Note } from "../ui/feedback";
import { count, plural } from "../ui/format";

const MOST_NAMES = 12;
type Moved = { device: string; name: string; id: string; number: number };

/** What other requests took from this one, and what this one took: shown before everything else. */
export function ChangedSince({ request }: { request: Request }) {
  const site = useSite();
  const dropped = request.dropped.map((row) => ({ ...row, id: row.by_request, number: row.by_number }));
  const took = request.took.map((row) => ({ ...row, id: row.from_request, number: row.from_number }));
  return (
    <>
      {request.superseded_by && (
        <Note tone="warn" title="Another request replaced this one">
          <Link to="/s/$site/requests/$id" params={{ site, id: request.superseded_by.id }} className="row">
            Open R-{request.superseded_by.number}
          </Link>
        </Note>
      )}
      {dropped.length > 0 && (
        <Note
          tone="warn"
          title={`Changed since it was submitted: ${plural(dropped.length, "device")} taken by later requests`}
        >
          <MovedList rows={dropped} word="to" />
          Approvals stay valid: a request can only become smaller.
        </Note>
      )}
      {took.length > 0 && (
        <Note title={`Takes ${plural(took.length, "device")} from earlier requests`}>
          <MovedList rows={took} word="from" />
        </Note>
      )}
    </>
  );
}

function MovedList({ rows, word }: { rows: Moved[]; word: string }) {
  const site = useSite();
  const groups = new Map<string, Moved[]>();
  for (const row of rows) groups.set(row.id, [...(groups.get(row.id) ?? []), row]);
  return (
    <ul className="plain">
      {[...groups].map(([id, moved]) => (
        <li key={id}>
          <b>
            {moved
              .slice(0, MOST_NAMES)
              .map((row) => row.name)
              .join(", ")}
          </b>
          {moved.length > MOST_NAMES && ` and ${count(moved.length - MOST_NAMES)} more`} {word}{" "}
          <Link to="/s/$site/requests/$id" params={{ site, id }}>
            R-{moved[0]?.number}
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** Devices that were asked for and not given to it, and why. */
export function LeftOut({ request }: { request: Request }) {
  const site = useSite();
  const devices = request.refused.reduce((sum, group) => sum + group.devices.length, 0);
  if (devices === 0) return null;
  return (
    <Note title={`Left out when it was submitted: ${plural(devices, "device")}`}>
      <ul className="plain">
        {request.refused.map((group) => (
          <li key={`${group.code} ${group.detail} ${group.request}`}>
            <b>{group.devices.slice(0, MOST_NAMES).join(", ")}</b>
            {group.devices.length > MOST_NAMES && ` and ${count(group.devices.length - MOST_NAMES)} more`}:{" "}
            {group.detail}
            {group.request && (
              <>
                {" "}
                (
                <Link to="/s/$site/requests/$id" params={{ site, id: group.request }}>
                  R-{group.number}
                </Link>
                )
              </>
            )}
          </li>
        ))}
      </ul>
      They are not part of what is approved.
    </Note>
  );
}

/** Every field of what is asked for, from and to. What has to be seen first stands at the top of the request. */
export function Diff({ request }: { request: Request }) {
  if (request.changes.length === 0) return null;
  return (
    <section className="col gap3" aria-label="What changes">
      <div className="row between wrap">
        <h2>What changes</h2>
        <MoneyLink request={request} />
      </div>
      <ChangeRows rows={request.changes} cautions={false} />
    </section>
  );
}

/** To where all of the sub-account's money is told. */
function MoneyLink({ request: { action } }: { request: Request }) {
  const site = useSite();
  if (!isMoney(action)) return null;
  return (
    <Link
      to="/s/$site/sub-accounts/$id"
      params={{ site, id: action.params.sub_account }}
      className="row small"
    >
      Its wallet and revenue
    </Link>
  );
}
