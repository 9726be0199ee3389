import { Button } from "@mantine/core";
import { IconMailOpened, IconUserExclamation } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type AccountRef, chooseAccount, declineAccount } from "../api/accounts";
import { useSession } from "../api/session";
import { Ask } from "../ui/ask";
import { words } from "../ui/format";
import { refused, told } from "../ui/toast";
import css from "./Shell.module.css";
import { useSite } from "./site";

/** What stands between the reader and their word: an e-mail that is not confirmed, a missing second factor; and what they were given elsewhere. */
export function IdentityBanners() {
  const { uncounted, accounts } = useSession();
  const site = useSite();
  return (
    <>
      {uncounted && (
        <div className={css.banner}>
          <IconUserExclamation size={16} aria-hidden="true" />
          <span className="grow">What you approve does not count. {uncounted.detail}</span>
          <Link to="/s/$site/security" params={{ site }}>
            Security
          </Link>
        </div>
      )}
      {accounts
        .filter((account) => !account.opened)
        .map((account) => (
          <Offered key={account.id} account={account} />
        ))}
    </>
  );
}

function Offered({ account }: { account: AccountRef }) {
  const [declining, setDeclining] = useState(false);
  return (
    <div className={css.banner}>
      <IconMailOpened size={16} aria-hidden="true" />
      <span className="grow">
        {account.name} gives you a role: {account.roles.map(words).join(", ")}. Until you open it, its people
        see your e-mail and nothing else of you.
      </span>
      <div className="row">
        <Button onClick={() => void chooseAccount(account.id).catch(refused)}>Open {account.name}</Button>
        <Button variant="default" onClick={() => setDeclining(true)}>
          Decline…
        </Button>
      </div>
      <Ask
        opened={declining}
        onClose={() => setDeclining(false)}
        title={`Decline what ${account.name} gives you?`}
        confirm="Decline"
        danger
        onConfirm={async () => {
          await declineAccount(account.id);
          told("Declined", `You hold nothing on ${account.name}.`);
        }}
      >
        <p className="soft">Your role there ends at once. They can give you one again.</p>
      </Ask>
    </div>
  );
}
