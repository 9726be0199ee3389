import { useQuery } from "@tanstack/react-query";
import { type Due, type WalletOf, walletQuery } from "../api/money";
import type { Request } from "../api/types";
import { Address, AddressChange } from "../ui/address";
import { count, dateTime, dateTimeLong } from "../ui/format";
import { useCan } from "../ui/permissions";
import { Coming, RequestLink } from "./Coming";
import css from "./Money.module.css";
import { AmountTable, Earlier, MoneyCard, taken } from "./MoneyCard";
import { WalletDialog } from "./WalletDialog";

/** Where a sub-account is paid to, and what is to change about that. */
export function WalletCard({ id, ...rest }: { id: string; name: string; onAsked: (of: Request) => void }) {
  return (
    <MoneyCard
      title="Payout wallet"
      query={walletQuery(id)}
      see="wallet.view"
      change="wallet.change"
      word={(of) => (of && !of.current ? "Set an address…" : "Change the address…")}
      closed={(of) => taken(of.coming)}
      dialog={(of, onClose) => <WalletDialog of={of} {...rest} onClose={onClose} />}
    >
      {(of) => <Wallet of={of} />}
    </MoneyCard>
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
      <Earlier versions={Math.max(0, versions.length - 1)}>
        <table className="data" aria-label="Earlier addresses">
          <tbody>
            {versions.slice(1).map((wallet, index) => (
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
      </Earlier>
    </>
  );
}

/** What has been earned and not been paid; nothing for whoever may not see where to. */
export function DueCard({ id }: { id: string }) {
  const can = useCan();
  const { data, isError } = useQuery({ ...walletQuery(id), enabled: can("wallet.view").allowed });
  if (!data || isError) return null;
  const { due, hold } = data;
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
        <AmountTable label="What is due" heads={["To", "sat"]}>
          {due.map((each) => (
            <tr key={each.address ?? "none"}>
              <td>
                {each.address ? <Address value={each.address} copy /> : "No address yet"}
                <Held due={each} hold={hold} />
              </td>
              <td className="r num">{count(each.sat)}</td>
            </tr>
          ))}
        </AmountTable>
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
