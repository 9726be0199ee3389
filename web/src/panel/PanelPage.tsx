import { useQuery } from "@tanstack/react-query";
import { type PanelAccount, panelQuery } from "../api/accounts";
import { useSession } from "../api/session";
import { LoadError, Waiting } from "../ui/feedback";
import { plural } from "../ui/format";
import { AccountCard } from "./AccountCard";
import css from "./Panel.module.css";

/** Whose machines and money one sees: one's own accounts first, then those shared by others, by role. */
export function PanelPage() {
  const { user } = useSession();
  const { data, error, refetch } = useQuery(panelQuery);
  const accounts = new Set(
    [...(data?.own ?? []), ...(data?.shared ?? []).flatMap((group) => group.accounts)].map(({ id }) => id),
  ).size;
  return (
    <div className="page">
      <header>
        <h1>My panel</h1>
        <p className="dim">
          {data ? `${user.name}: ${plural(accounts, "account")}. Each opens as itself.` : "Loading…"}
        </p>
      </header>
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={2} height={96} />
      ) : (
        <>
          {data.own.length > 0 && <Group title="My own" accounts={data.own} />}
          {data.shared.map((group) => (
            <Group key={group.role} title={`As ${group.role}`} accounts={group.accounts} />
          ))}
        </>
      )}
    </div>
  );
}

function Group({ title, accounts }: { title: string; accounts: PanelAccount[] }) {
  return (
    <section className="col" aria-label={title}>
      <h2>{title}</h2>
      <div className={css.cards}>
        {accounts.map((account) => (
          <AccountCard key={account.id} account={account} />
        ))}
      </div>
    </section>
  );
}
