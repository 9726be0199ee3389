// What a request about something other than devices came from, so that it can be asked for again.
import type { Action, OpKind } from "../api/types";
import { isOp } from "../ui/actions";

type Other = Exclude<Action["action"], OpKind>;

const PAGES = {
  rules: "Approval rules",
  people: "People",
  roles: "Roles",
  agents: "Agents & scans",
  sites: "Sites",
  devices: "Devices",
  "sub-accounts": "Sub-accounts",
  settings: "Settings",
} as const;
type Page = keyof typeof PAGES;

const PAGE: Record<Other, Page> = {
  set_policies: "rules",
  set_safeguards: "rules",
  set_second_factor_required: "rules",
  recover: "rules",
  add_grant: "people",
  change_grant: "people",
  remove_grant: "people",
  remove_user: "people",
  suspend_user: "people",
  unsuspend_user: "people",
  set_administrators_manage_users: "people",
  create_group: "people",
  change_group: "people",
  delete_group: "people",
  issue_key: "people",
  revoke_key: "people",
  create_role: "roles",
  change_role: "roles",
  delete_role: "roles",
  restart_workers: "agents",
  create_agent: "agents",
  change_agent: "agents",
  reissue_agent_token: "agents",
  revoke_agent: "agents",
  create_scan_task: "agents",
  change_scan_task: "agents",
  remove_scan_task: "agents",
  create_site: "sites",
  change_site: "sites",
  remove_site: "sites",
  place_devices: "devices",
  move_devices: "agents",
  assign_devices: "devices",
  remove_sub_account: "sub-accounts",
  issue_observer_link: "sub-accounts",
  narrow_observer_link: "sub-accounts",
  revoke_observer_link: "sub-accounts",
  protect_observers: "sub-accounts",
  open_observers: "sub-accounts",
  set_wallet: "sub-accounts",
  set_allocation: "sub-accounts",
  transfer_ownership: "settings",
  freeze_account: "settings",
  unfreeze_account: "settings",
  delete_account: "settings",
  keep_account: "settings",
};

/** Where it is asked for, and what that page is called; nothing for what is done to devices. */
export function pageOf({ action }: Action) {
  if (isOp(action)) return null;
  const page = PAGE[action];
  return { to: `/s/$site/${page}` as const, word: PAGES[page] };
}

const AMENDABLE: readonly Action["action"][] = [
  "set_policies",
  "set_wallet",
  "set_allocation",
  "add_grant",
  "change_grant",
  "create_role",
  "change_role",
];

/** Can it be changed while it waits, with the dialog that it was made with? What is done to devices has a dialog of its own. */
export const amends = ({ action }: Action): boolean => AMENDABLE.includes(action);

/** Can exactly the same be asked for once more? Not where a secret went with it that was shown or kept for that one alone. */
export function repeats(action: Action): boolean {
  switch (action.action) {
    case "create_agent":
    case "issue_key":
    case "issue_observer_link":
      return false;
    case "create_scan_task":
      return !action.params.credentials;
    case "change_scan_task":
      return !action.params.passwords || action.params.passwords === "keep";
    default:
      return !isOp(action.action);
  }
}
