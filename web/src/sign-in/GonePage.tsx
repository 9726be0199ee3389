import { Button } from "@mantine/core";
import { IconDoorExit } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { accountsQuery, chooseAccount } from "../api/accounts";
import { queryClient } from "../api/query";
import { signOut } from "../api/session";
import { Empty } from "../ui/feedback";
import { refused } from "../ui/toast";
import { Door } from "./Door";

/** For somebody who is signed in and holds no role any more: said plainly, with what can be done. */
export function GonePage() {
  const router = useRouter();
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
          title="You no longer have a role here"
          icon={<IconDoorExit size={28} aria-hidden="true" className="dim" />}
        >
          <p>
            You left, were removed or suspended, or your role has ended. Pages that were open show nothing
            more. What you did stays in the audit log.
          </p>
          <p>Whoever manages people there can give you a role again; this sign-in then works at once.</p>
          <Others />
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
function Others() {
  const { data } = useQuery(accountsQuery);
  if (!data || data.items.length === 0) return null;
  return (
    <div className="col">
      <p>Go on with another account:</p>
      {data.items.map((account) => (
        <Button key={account.id} onClick={() => void chooseAccount(account.id).catch(refused)}>
          {account.name}
        </Button>
      ))}
    </div>
  );
}
