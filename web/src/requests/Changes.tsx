import { Link } from "@tanstack/react-router";
import type { Request } from "../api/types";
import { useSite } from "../shell/site";
import { actionDetail, isMoney, isOp } from "../ui/actions";
import { AddressChange, Addressed } from "../ui/address";
import { Note } from "../ui/feedback";
import { count, deltaPower, NONE, plural } from "../ui/format";
import { ruleTitle } from "../ui/scenario-words";
import css from "./Requests.module.css";

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
          {moved.length > MOST_NAMES && ` and ${moved.length - MOST_NAMES} more`} {word}{" "}
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
            {group.devices.length > MOST_NAMES && ` and ${group.devices.length - MOST_NAMES} more`}:{" "}
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

/** Old and new, grouped where devices change alike. */
export function Diff({ request }: { request: Request }) {
  const details = actionDetail(request.action);
  // Where devices stand, and whose they are, changes nothing about what they draw.
  const measured = isOp(request.action.action);
  const money = isMoney(request.action);
  const isWallet = request.action.action === "set_wallet";
  const words = (text: string) => (money ? <Addressed text={text} /> : text);
  const onDevices = request.diff.some((row) => row.devices > 0);
  if (request.diff.length === 0 && details.length === 0) return null;
  return (
    <section className="col gap3" aria-label="What changes">
      <div className="row between wrap">
        <h2>What changes</h2>
        <MoneyLink request={request} />
      </div>
      {request.diff.length === 0 ? (
        details.map((line) => (
          <p key={line} className="num small">
            {line}
          </p>
        ))
      ) : (
        <div className="scroll-x card" style={{ padding: 0 }}>
          <table className="data stack">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">From → to</th>
                {onDevices && (
                  <>
                    <th scope="col">Models</th>
                    <th scope="col" className="r">
                      Devices
                    </th>
                    <th scope="col" className="r">
                      Power
                    </th>
                  </>
                )}
              </tr>
            </thead>
            <tbody>
              {request.diff.map((row) => (
                <tr key={`${row.what} ${row.from} ${row.to} ${row.models.join()}`}>
                  <td data-label="What">
                    <span>{words(ruleTitle(row.what))}</span>
                  </td>
                  {isWallet ? (
                    <td>
                      <AddressChange from={row.from} to={row.to} />
                    </td>
                  ) : (
                    <td data-label="From → to">
                      <span className={css.change}>
                        {row.from === row.to ? (
                          <span className={css.from}>{row.to} already: nothing changes</span>
                        ) : (
                          <>
                            <span className={css.from}>{row.from}</span> →{" "}
                            <span className={css.to}>{row.to}</span>
                          </>
                        )}
                      </span>
                    </td>
                  )}
                  {onDevices && (
                    <>
                      <td data-label="Models" className="soft">
                        {row.models.join(", ")}
                      </td>
                      <td data-label="Devices" className="r num">
                        {row.devices > 0 ? count(row.devices) : ""}
                      </td>
                      <td data-label="Power" className={`r num ${measured ? "" : "none"}`}>
                        {row.devices > 0 && measured ? deltaPower(row.delta_w) : NONE}
                      </td>
                    </>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
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
