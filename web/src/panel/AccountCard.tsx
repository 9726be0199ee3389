import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { chooseAccount, type PanelAccount } from "../api/accounts";
import { ALL_SITES } from "../api/queries";
import { count, plural } from "../ui/format";
import { refused } from "../ui/toast";
import css from "./Panel.module.css";

/** Sub-accounts drawn before somebody asks for all of them. */
const FIRST = 50;

/** One account, and whatever of it opens. */
export function AccountCard({ account }: { account: PanelAccount }) {
  const navigate = useNavigate();
  const [all, setAll] = useState(false);
  const { sub_accounts: subAccounts } = account;
  const open = (subAccount?: string) => {
    if (!account.current) {
      const page = subAccount ? `/s/${ALL_SITES}/devices?sub_account=${encodeURIComponent(subAccount)}` : "/";
      return void chooseAccount(account.id, page).catch(refused);
    }
    void navigate({
      to: "/s/$site/devices",
      params: { site: ALL_SITES },
      search: subAccount ? { sub_account: subAccount } : {},
    });
  };
  return (
    <article className={`card ${css.account}`} aria-label={account.name}>
      <div className="row between">
        <h3 className={css.name}>
          <button type="button" className="link row" onClick={() => open()}>
            {account.name}
          </button>
        </h3>
        {account.current && <span className="dim small">open now</span>}
      </div>
      {subAccounts.length === 0 ? (
        <p className="dim small">No sub-account within reach.</p>
      ) : (
        <ul className="plain">
          {subAccounts.slice(0, all ? undefined : FIRST).map((subAccount) => (
            <li key={subAccount.id}>
              <button type="button" className={css.entry} onClick={() => open(subAccount.id)}>
                <span className="ellipsis">{subAccount.name}</span>
                <span className="dim small num">{plural(subAccount.devices, "device")}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {!all && subAccounts.length > FIRST && (
        <button type="button" className="link row small" onClick={() => setAll(true)}>
          Show all {count(subAccounts.length)}
        </button>
      )}
    </article>
  );
}
