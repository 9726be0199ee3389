// What a request changes, field by field, as the server says it: the same wherever somebody decides or reads of it.
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ChangeRow } from "../api/types";
import { AddressChange, Addressed } from "./address";
import css from "./changes.module.css";
import { plural } from "./format";
import { ruleTitle } from "./scenario-words";

type Caution = NonNullable<ChangeRow["caution"]>;

const SAYS: Record<Caution, string> = {
  another_account: "mine for another account",
  another_worker: "mine under another worker name",
  another_pool: "mine at another pool",
  account_unknown: "mine for an account that is not known now",
  pool_unknown: "mine at a pool that is not known now",
  money_elsewhere: "Money goes elsewhere",
};

/** One device of many that "mine" for somebody else mines for them. */
const says = (caution: Caution, devices: number) =>
  caution === "money_elsewhere"
    ? SAYS[caution]
    : `${plural(devices, "device")} ${devices === 1 ? SAYS[caution].replace(/^mine/, "mines") : SAYS[caution]}`;

const HEADS: [Caution[], string][] = [
  [["another_account"], "Mines for another account"],
  [["money_elsewhere"], "Money goes elsewhere"],
  [["account_unknown", "pool_unknown"], "Not known for whom the devices mine now"],
  [["another_pool"], "Mines at another pool"],
  [["another_worker"], "Mines under another worker name"],
];

/** Where work or money goes elsewhere, or nobody can say that it does not: first and apart from all other fields. */
export function Cautions({ rows }: { rows: readonly ChangeRow[] }) {
  const cautious = rows.flatMap((row) => (row.caution ? [{ row, caution: row.caution }] : []));
  if (cautious.length === 0) return null;
  const head = HEADS.find(([codes]) => cautious.some(({ caution }) => codes.includes(caution)));
  return (
    <section className={css.cautions} aria-label="Look at this first" data-cautions>
      <div className={css.head}>
        <IconAlertTriangle size={20} aria-hidden="true" />
        <span>{head?.[1]}</span>
      </div>
      <ul className="plain">
        {cautious.map(({ row, caution }) => (
          <li key={`${row.field} ${row.of} ${row.old} ${row.new}`} className={css.caution}>
            <b>{says(caution, row.devices)}</b>{" "}
            <span className="small soft">
              {row.label}
              {row.of && `, ${row.of}`}
            </span>
            <div className={css.sides}>
              <span className={row.before === "unknown" ? css.unknown : css.old}>
                <Side text={row.old ?? "not known"} />
              </span>
              <span aria-hidden="true">→</span>
              <span className="sr">then</span>
              <span className={css.new}>
                <Side text={row.users?.template ?? row.new} />
              </span>
            </div>
            <Users row={row} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Where each device gets a name of its own: the first of them, from and to. */
function Users({ row: { users } }: { row: ChangeRow }) {
  if (!users) return null;
  return (
    <ul className={`plain small ${css.users}`} aria-label="Device by device">
      {users.first.map(({ device, old, new: name }) => (
        <li key={device}>
          {device}: {old !== null && old !== name && <span className={css.from}>{old} → </span>}
          {name ?? "none that can be made"}
        </li>
      ))}
      {users.more > 0 && <li className="dim">and {plural(users.more, "more device")}</li>}
    </ul>
  );
}

const Side = ({ text }: { text: string }) => <Addressed text={text} />;

/** Every field, from and to. What stays and under which conditions it was asked for come last. */
export function ChangeRows({ rows, cautions = true }: { rows: readonly ChangeRow[]; cautions?: boolean }) {
  const told = rows.filter((row) => row.weight !== "context");
  const context = rows.filter((row) => row.weight === "context");
  const onDevices = told.some((row) => row.devices > 0);
  return (
    <div className="col gap3">
      {cautions && <Cautions rows={rows} />}
      {told.length > 0 && (
        <div className={`scroll-x card ${css.rows}`}>
          <table className="data stack">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">From → to</th>
                {onDevices && (
                  <th scope="col" className="r">
                    Devices
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {told.map((row) => (
                <Line key={`${row.field} ${row.of} ${row.old} ${row.new}`} row={row} onDevices={onDevices} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {context.length > 0 && (
        <details className={`small ${css.context}`}>
          <summary className="soft">Also part of what is approved</summary>
          <ul className="plain">
            {context.map((row) => (
              <li key={row.text}>{row.text}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Line({ row, onDevices }: { row: ChangeRow; onDevices: boolean }) {
  return (
    <tr data-weight={row.weight} data-field={row.field}>
      <td data-label="What">
        <span>
          {row.label}
          {row.of && (
            <span className="dim small">
              {" "}
              <Side text={ruleTitle(row.of)} />
            </span>
          )}
        </span>
      </td>
      {row.field === "address" && row.weight !== "same" ? (
        <td>
          <AddressChange from={row.old ?? undefined} to={row.new} />
        </td>
      ) : (
        <td data-label="From → to">
          <FromTo row={row} />
        </td>
      )}
      {onDevices && (
        <td data-label="Devices" className="r num">
          {row.devices > 0 ? row.devices : ""}
        </td>
      )}
    </tr>
  );
}

function FromTo({ row }: { row: ChangeRow }) {
  if (row.weight === "same")
    return (
      <span className={css.from}>
        = <Side text={row.users?.template ?? row.new} />, as before
        <Users row={row} />
      </span>
    );
  return (
    <span>
      {row.before === "unknown" && <span className={css.unknown}>not known</span>}
      {row.before === "known" && (
        <span className={css.from}>
          <Side text={row.old ?? ""} />
        </span>
      )}
      {row.before !== "none" && " → "}
      <span className={css.to}>
        <Side text={row.users?.template ?? row.new} />
      </span>
      <Users row={row} />
    </span>
  );
}

/** What is not as before, as one line of a list: what matters most comes first, so that nothing of it is cut off. */
export function ChangesLine({ text }: { text: string }) {
  return text === "" ? null : <span className={`small soft ${css.clamped}`}>{text}</span>;
}
