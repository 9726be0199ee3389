// What can be asked of devices: names, the permission each needs, and whether a device takes it.
import type { Action, DeviceRow, OpKind, PowerMode } from "../api/types";
import { words } from "./format";

export const POWER_MODES: PowerMode[] = ["sleep", "low", "normal", "high"];

/** The name of an action; one that this console does not know yet is named by its code. */
export function actionTitle(action: Action): string {
  switch (action.action) {
    case "reboot":
      return "Reboot";
    case "restart_mining":
      return "Restart mining";
    case "pause":
      return "Pause mining";
    case "resume":
      return "Resume mining";
    case "set_power_mode":
      return `Power mode ${action.params.mode}`;
    case "locate":
      return action.params.on ? "Locate light on" : "Locate light off";
    case "set_pools":
      return "Set pools";
    case "restart_workers":
      return "Restart collection workers";
    case "set_policies":
      return "Change approval rules";
    case "set_safeguards":
      return "Change the safeguards of approval rules";
    default:
      return words((action as { action: string }).action);
  }
}

const OP_PERMISSION: Record<OpKind, string> = {
  reboot: "device.reboot",
  restart_mining: "device.restart",
  pause: "device.pause",
  resume: "device.pause",
  set_power_mode: "device.power_mode",
  locate: "device.locate",
  set_pools: "device.pools",
};
const PERMISSION: Record<Action["action"], string> = {
  ...OP_PERMISSION,
  restart_workers: "system.restart_workers",
  set_policies: "approval_policy.change",
  set_safeguards: "approval_policy.change",
  set_second_factor_required: "approval_policy.change",
  add_grant: "user.manage",
  change_grant: "user.manage",
  remove_grant: "user.manage",
  remove_user: "user.manage",
  suspend_user: "user.suspend",
  unsuspend_user: "user.manage",
  create_role: "role.manage",
  change_role: "role.manage",
  delete_role: "role.manage",
  set_administrators_manage_users: "user.manage",
  create_site: "site.manage",
  change_site: "site.manage",
  remove_site: "site.manage",
  create_agent: "agent.manage",
  change_agent: "agent.manage",
  reissue_agent_token: "agent.manage",
  revoke_agent: "agent.manage",
  create_scan_task: "scan_task.manage",
  change_scan_task: "scan_task.manage",
  remove_scan_task: "scan_task.manage",
  place_devices: "device.move",
  move_devices: "device.move",
  assign_devices: "hashrate.transfer",
  remove_sub_account: "subaccount.delete",
  issue_observer_link: "observer.manage",
  narrow_observer_link: "observer.manage",
  revoke_observer_link: "observer.manage",
  protect_observers: "observer.manage",
  open_observers: "observer.manage",
  set_wallet: "wallet.change",
  set_allocation: "allocation.change",
  issue_key: "api_key.manage",
  revoke_key: "api_key.manage",
  freeze_account: "account.freeze",
  unfreeze_account: "account.unfreeze",
  create_group: "user.manage",
  change_group: "user.manage",
  delete_group: "user.manage",
  transfer_ownership: "ownership.transfer",
  delete_account: "account.delete",
  keep_account: "account.freeze",
  recover: "governance.recover",
};

export function permissionOf(action: Action["action"]): string {
  return PERMISSION[action];
}

export function isOp(action: Action["action"]): action is OpKind {
  return action in OP_PERMISSION;
}

/** Is it about where money goes? */
export function isMoney(
  action: Action,
): action is Extract<Action, { action: "set_wallet" | "set_allocation" }> {
  return action.action === "set_wallet" || action.action === "set_allocation";
}

/** Why a device does not take an action, or null when it does. */
export function unsupportedBy(device: Pick<DeviceRow, "supports" | "modes">, action: Action): string | null {
  if (!isOp(action.action)) return null;
  if (!device.supports.includes(action.action)) return "This device does not take it";
  if (action.action === "set_power_mode" && !device.modes.includes(action.params.mode))
    return `This device has no mode ${action.params.mode}`;
  return null;
}

export function roleNames(roles: readonly string[]): string {
  return either(roles.map(words));
}

const HOLDERS = "holders of ";
/** Approvers as the server names them: roles, or the holders of permissions. */
export function splitApprovers(approvers: readonly string[]): { roles: string; permissions: string[] } {
  const byPermission = (entry: string) => entry.toLowerCase().startsWith(HOLDERS);
  return {
    roles: either(approvers.filter((entry) => !byPermission(entry)).map(words)),
    permissions: approvers.filter(byPermission).map((entry) => entry.slice(HOLDERS.length)),
  };
}

function either(names: readonly string[]): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
