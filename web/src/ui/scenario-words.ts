// What scenarios are called. One that this console does not know yet is named by its code.
import { words } from "./format";

const TITLES: Record<string, string> = {
  "authorization.add": "Give a role",
  "authorization.update": "Change what somebody holds",
  "authorization.remove": "Take a role, or remove a person",
  "authorization.api_access": "Give API access",
  "authorization.suspend": "Suspend a person",
  "authorization.unsuspend": "End a suspension",
  "authorization.role": "Make and change roles",
  "approval_config.update": "Change approval rules",
  "account.freeze": "Freeze the account",
  "account.unfreeze": "Unfreeze the account",
  "account.delete": "Delete the account",
  "ownership.transfer": "Transfer ownership",
  "governance.recover": "Recover from too few approvers",
  "apikey.issue_write": "Issue a key that changes things",
  "fleet.power": "Reboot, restart, pause",
  "fleet.mode": "Power mode and presets",
  "fleet.led": "Locate light",
  "fleet.pool_change": "Change pools of devices",
  "fleet.pool_config": "Manage the pool list",
  "fleet.firmware": "Install firmware",
  "fleet.boards": "Configure hash boards",
  "fleet.cooling": "Configure cooling",
  "fleet.inventory": "Register and place devices",
  "fleet.site": "Sites",
  "fleet.agent": "Agents",
  "fleet.scan": "Scan tasks",
  "fleet.restart_workers": "Restart collection workers",
  "hashrate.transfer": "Transfer hashrate",
  "wallet.address_update": "Change a payout address",
  "revenue.allocation_set": "Change how revenue is split",
  "payouts.pause": "Pause payouts",
  "payouts.resume": "Resume payouts",
  "subaccount.delete": "Delete a sub-account",
  "observer.link": "Issue an observer link",
  "observer.close": "Show observers less",
  "observer.protection_off": "Show sub-accounts to whoever knows their names",
  "observer.link_with_revenue": "Share revenue by an observer link",
};

/** Every scenario that this console has a name for. */
export const SCENARIOS = Object.keys(TITLES);

/** "Reboot, restart, pause" of `fleet.power`. */
export function scenarioTitle(name: string): string {
  return TITLES[name] ?? words(name.replaceAll(".", " "));
}

/** The name of a scenario; other words stay as they are. */
export function ruleTitle(what: string): string {
  return TITLES[what] ?? what;
}
