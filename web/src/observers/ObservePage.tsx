import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type ObserverSubAccount, observedQuery } from "../api/observers";
import { hasCode } from "../api/problem";
import type { DeviceStatus } from "../api/types";
import { DeadLink } from "../sign-in/DeadLink";
import { useToken } from "../sign-in/token";
import { LoadError, Waiting } from "../ui/feedback";
import { ago, count, dateTime, hashrate, NONE, plural } from "../ui/format";
import { STATUS_WORD, STATUSES, Status, StatusGlyph } from "../ui/status";
import { useNow } from "../ui/use-now";
import css from "./Observers.module.css";

/** By a link: its token stands after the #, so that no server but this page ever sees it in an address. */
export function ObserveByLink() {
  const token = useToken();
  return <Observed sought={{ token }} />;
}

/** By the sub-account's name, where its company lets everybody look. */
export function ObserveByName() {
  const { coin, name } = useParams({ from: "/observe/$coin/$name" });
  return <Observed sought={{ coin, name }} />;
}

function Observed({ sought }: { sought: Parameters<typeof observedQuery>[0] }) {
  const { data, error, refetch } = useQuery(observedQuery(sought));
  return (
    <main className={css.page}>
      {error && hasCode(error, "not_found") ? (
        <DeadLink>
          <p>There is nothing here to see: the link may have ended, or was cut short.</p>
        </DeadLink>
      ) : error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={4} />
      ) : (
        <>
          <header className="row between wrap">
            <h1>{data.label ?? data.sub_accounts[0]?.name}</h1>
            <span className="dim small">
              as of {dateTime(data.as_of)}
              {data.expires_at !== null && `, until ${dateTime(data.expires_at)}`}
            </span>
          </header>
          {data.sub_accounts.map((of) => (
            <SubAccount key={of.name} of={of} />
          ))}
        </>
      )}
    </main>
  );
}

function SubAccount({ of }: { of: ObserverSubAccount }) {
  const there = STATUSES.filter((status) => (of.devices.by_status[status] ?? 0) > 0);
  return (
    <section className="card col gap3" aria-label={of.name}>
      <h2>{of.name}</h2>
      <dl className={css.numbers}>
        <Figure word="Hashrate" value={hashrate(of.hashrate_ths)} />
        <Figure word="Devices" value={count(of.devices.total)} />
        {of.earnings && <Figure word="Due" value={`${count(of.earnings.due_sat)} sat`} />}
      </dl>
      {there.length > 0 && (
        <ul className={`plain ${css.statuses}`}>
          {there.map((status) => (
            <li key={status} className="row">
              <StatusGlyph status={status} /> {count(of.devices.by_status[status] ?? 0)}{" "}
              {STATUS_WORD[status].toLowerCase()}
            </li>
          ))}
        </ul>
      )}
      {of.workers && of.workers.length > 0 && <Workers workers={of.workers} total={of.devices.total} />}
    </section>
  );
}

function Figure({ word, value }: { word: string; value: string }) {
  return (
    <div>
      <dt className="dim small">{word}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}

function Workers({ workers, total }: { workers: NonNullable<ObserverSubAccount["workers"]>; total: number }) {
  const now = useNow();
  return (
    <div className="scroll-x">
      <table className="data stack">
        <thead>
          <tr>
            <th scope="col">Worker</th>
            <th scope="col">Model</th>
            <th scope="col">State</th>
            <th scope="col" className="r">
              Hashrate
            </th>
            <th scope="col">Heard</th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <tr key={worker.name}>
              <td data-label="Worker" className="num">
                {worker.name}
              </td>
              <td data-label="Model">{worker.model}</td>
              <td data-label="State">
                {worker.status ? <Status status={worker.status as DeviceStatus} /> : NONE}
              </td>
              <td data-label="Hashrate" className="r num">
                {hashrate(worker.hashrate_ths)}
              </td>
              <td data-label="Heard" className="dim">
                {worker.heard_at ? ago(worker.heard_at, now) : "never"}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {workers.length < total && <p className="dim small">The first {plural(workers.length, "worker")}.</p>}
    </div>
  );
}
