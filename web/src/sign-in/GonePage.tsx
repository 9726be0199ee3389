import { Button } from "@mantine/core";
import { IconDoorExit } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { type AccountRef, accountsQuery, chooseAccount, declineAccount } from "../api/accounts";
import { queryClient } from "../api/query";
import { forgetSession, signOut } from "../api/session";
import { Empty } from "../ui/feedback";
import { words } from "../ui/format";
import { refused } from "../ui/toast";
import { Door } from "./Door";
import { StillToStop } from "./StillToStop";

/** For somebody who is signed in and holds no role any more: said plainly, with what can be done. */
export function GonePage() {
  const router = useRouter();
  // What was known is of no use any more: it is forgotten first, now that no page that showed it is there, and then asked anew.
  const [forgotten, setForgotten] = useState(false);
  useEffect(() => {
    forgetSession();
    setForgotten(true);
  }, []);
  const { data } = useQuery({ ...accountsQuery, enabled: forgotten });
  const offers = data?.items.filter((account) => !account.opened) ?? [];
  const suspended = data?.items.filter((account) => account.suspended) ?? [];
  const signOutHere = async () => {
    // It brings the token that signing out needs.
    await queryClient.fetchQuery(accountsQuery);
    await signOut();
    router.history.push("/sign-in");
  };
  return (
    <Door title="Adit">
      <div className="card" role="alert">
        <Empty
          title={
            offers.length > 0
              ? "You were given a role"
              : suspended.length > 0
                ? "You are suspended here"
                : "You no longer have a role here"
          }
          icon={<IconDoorExit size={28} aria-hidden="true" className="dim" />}
        >
          {offers.length > 0 ? (
            <Offers offers={offers} />
          ) : suspended.length > 0 ? (
            <StillToStop accounts={suspended} />
          ) : (
            <>
              <p>
                You left, were removed, or your role has ended. Pages that were open show nothing more. What
                you did stays in the audit log.
              </p>
              <p>Whoever manages people there can give you a role again; this sign-in then works at once.</p>
            </>
          )}
          <Others accounts={data?.items.filter((account) => account.opened && !account.suspended) ?? []} />
          <div className="row wrap" style={{ justifyContent: "center" }}>
            {/* Everything anew: what was known is of no use any more. */}
            <Button variant="default" component="a" href="/">
              Look again
            </Button>
            <Button variant="default" onClick={() => void signOutHere().catch(refused)}>
              Sign out
            </Button>
          </div>
        </Empty>
      </div>
    </Door>
  );
}

/** The other accounts of this person, to go on with. */
function Others({ accounts }: { accounts: AccountRef[] }) {
  if (accounts.length === 0) return null;
  return (
    <div className="col">
      <p>Go on with another account:</p>
      {accounts.map((account) => (
        <Button key={account.id} onClick={() => void chooseAccount(account.id).catch(refused)}>
          {account.name}
        </Button>
      ))}
    </div>
  );
}

/** What they were given on accounts that they have never opened. */
function Offers({ offers }: { offers: AccountRef[] }) {
  return (
    <div className="col">
      {offers.map((account) => (
        <div key={account.id} className="col">
          <p>
            {account.name} gives you a role: {account.roles.map(words).join(", ")}. Until you open it, its
            people see your e-mail and nothing else of you.
          </p>
          <div className="row wrap" style={{ justifyContent: "center" }}>
            <Button onClick={() => void chooseAccount(account.id).catch(refused)}>Open {account.name}</Button>
            <Button variant="default" onClick={() => void declineAccount(account.id).catch(refused)}>
              Decline
            </Button>
          </div>
        </div>
      ))}
    </div>
  );
}
