import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Due, type WalletOf, walletQuery } from "../api/money";
import type { Request } from "../api/types";
import { Address, AddressChange } from "../ui/address";
import { LoadError, Waiting } from "../ui/feedback";
import { count, dateTime, dateTimeLong, plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { WhyNot } from "../ui/why-not";
import { Coming, RequestLink } from "./Coming";
import css from "./Money.module.css";
import { WalletDialog } from "./WalletDialog";

/** Where a sub-account is paid to, what is to change about that, and what is due. */
export function WalletCard({
  id,
  name,
  onAsked,
}: {
  id: string;
  name: string;
  onAsked: (of: Request) => void;
}) {
  const can = useCan();
  const seen = can("wallet.view");
  const { data, error, refetch } = useQuery({ ...walletQuery(id), enabled: seen.allowed });
  const [changing, setChanging] = useState(false);
  const change = can("wallet.change");
  const open = data?.coming && `R-${data.coming.number} is to change it already: that has to end first.`;
  return (
    <>
      <section className="card col gap3" aria-label="Payout wallet">
        <div className="row between wrap">
          <h2>Payout wallet</h2>
          <GatedButton
            why={change.allowed ? open || (data ? "" : "It has to be seen first.") : change}
            variant="default"
            onClick={() => setChanging(true)}
          >
            {data && !data.current ? "Set an address…" : "Change the address…"}
          </GatedButton>
        </div>
        {!seen.allowed ? (
          <WhyNot can={seen} />
        ) : error ? (
          <LoadError error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Waiting rows={2} />
        ) : (
          <Wallet of={data} />
        )}
      </section>
      {data && !error && <DueCard of={data} />}
      {data && changing && (
        <WalletDialog of={data} name={name} onClose={() => setChanging(false)} onAsked={onAsked} />
      )}
    </>
  );
}

function Wallet({ of: { current, coming, versions } }: { of: WalletOf }) {
  return (
    <>
      {current ? (
        <div>
          <div className={css.address}>
            <Address value={current.address} copy />
          </div>
          <p className="dim small">
            Version {current.version}, since <Moment at={current.since} />
          </p>
        </div>
      ) : (
        <p className="soft">No address yet. What is earned is kept until there is one.</p>
      )}
      {coming?.address && (
        <Coming of={coming}>
          <AddressChange from={current?.address} to={coming.address} />
        </Coming>
      )}
      {versions.length > 1 && <Earlier versions={versions} />}
    </>
  );
}

function Earlier({ versions }: { versions: WalletOf["versions"] }) {
  const earlier = versions.slice(1);
  return (
    <details className={css.more}>
      <summary>{plural(earlier.length, "earlier version")}</summary>
      <table className="data" aria-label="Earlier addresses">
        <tbody>
          {earlier.map((wallet, index) => (
            <tr key={wallet.version}>
              <td className="num dim">{wallet.version}</td>
              <td>
                <Address value={wallet.address} copy />
                <div className="dim small">
                  <Moment at={wallet.since} /> to <Moment at={versions[index]?.since ?? wallet.since} />
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function DueCard({ of: { due, hold } }: { of: WalletOf }) {
  const all = due.reduce((sum, each) => sum + each.sat, 0);
  return (
    <section className="card col gap3" aria-label="Due">
      <div className="row between wrap">
        <h2>Due</h2>
        {all > 0 && <span className="num">{count(all)} sat</span>}
      </div>
      {due.length === 0 ? (
        <p className="soft">
          Nothing: what has been earned and not been paid stands here.
          {hold && (
            <>
              {" "}
              What is earned from now on is held by <RequestLink of={hold} />.
            </>
          )}
        </p>
      ) : (
        <table className="data" aria-label="What is due">
          <thead>
            <tr>
              <th scope="col">To</th>
              <th scope="col" className="r">
                sat
              </th>
            </tr>
          </thead>
          <tbody>
            {due.map((each) => (
              <tr key={each.address ?? "none"}>
                <td>
                  {each.address ? <Address value={each.address} copy /> : "No address yet"}
                  <Held due={each} hold={hold} />
                </td>
                <td className="r num">{count(each.sat)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Held({ due, hold }: { due: Due; hold: WalletOf["hold"] }) {
  if (due.held_by === null) return null;
  return (
    <div className="small warn">
      Held{" "}
      {hold ? (
        <>
          by <RequestLink of={hold} />
          {hold.not_before !== null && ` until ${dateTime(hold.not_before)}`}
        </>
      ) : (
        "by a request"
      )}
    </div>
  );
}

function Moment({ at }: { at: number }) {
  return (
    <time className="num" dateTime={new Date(at).toISOString()} title={dateTimeLong(at)}>
      {dateTime(at)}
    </time>
  );
}
