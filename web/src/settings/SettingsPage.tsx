import { useSession } from "../api/session";
import { DeleteSection } from "./DeleteSection";
import { FreezeSection } from "./FreezeSection";
import { ManagersSection } from "./ManagersSection";
import { NameSection } from "./NameSection";
import { OwnershipSection } from "./OwnershipSection";

/** What holds for the whole account. */
export function SettingsPage() {
  const { account, accounts } = useSession();
  const owner = accounts.find((each) => each.current)?.owner === true;
  return (
    <div className="page" style={{ maxWidth: 860 }}>
      <header>
        <h1>Settings</h1>
        <p className="dim">
          {account.name} (<span className="num">{account.id}</span>)
          {owner ? ", which you own." : ", as you may see it."}
        </p>
      </header>
      <NameSection />
      <ManagersSection />
      <OwnershipSection />
      <FreezeSection />
      <DeleteSection />
    </div>
  );
}
