// What permissions are called, and in which order and groups they are shown. A permission that this console does
// not know yet is named by its code, in a group of its own.
import { words } from "./format";

interface Group {
  name: string;
  permissions: Record<string, string>;
}

export const GROUPS: Group[] = [
  {
    name: "See the fleet",
    permissions: {
      "dashboard.view": "See the dashboard",
      "device.list": "See the device list",
      "device.view": "See a device's details",
      "device.events.view": "See a device's event log",
      "hashrate.view": "See hashrate",
    },
  },
  {
    name: "Act on devices",
    permissions: {
      "device.locate": "Switch the locate light",
      "device.reboot": "Reboot",
      "device.restart": "Restart mining",
      "device.pause": "Pause and resume mining",
      "device.power_mode": "Change the power mode",
      "device.preset": "Switch overclock presets",
      "device.pools": "Change a device's pools",
      "device.firmware": "Install firmware",
      "device.boards": "Configure hash boards",
      "device.cooling": "Configure cooling",
      "device.ip_report": "Listen to IP reports",
      "device.diagnostics": "Make a diagnostic report",
    },
  },
  {
    name: "Containers and power",
    permissions: {
      "container.power": "Switch a container's power",
      "container.cooling": "Set a container's cooling",
      "pdu.socket": "Switch PDU sockets",
    },
  },
  {
    name: "Inventory and repair",
    permissions: {
      "device.register": "Register devices",
      "device.move": "Move devices",
      "device.maintenance": "Send to maintenance and back",
      "inventory.manage": "Manage containers",
      "comment.write": "Write comments",
      "work_order.manage": "Manage work orders",
    },
  },
  {
    name: "Set up the fleet",
    permissions: {
      "site.manage": "Manage sites",
      "agent.manage": "Manage agents",
      "scan_task.manage": "Manage scan tasks",
      "system.restart_workers": "Restart the collection workers",
      "pool_config.manage": "Manage the pool list",
      "alert.manage": "Manage alerts",
    },
  },
  {
    name: "Reports",
    permissions: { "report.view": "See reports", "report.export": "Export reports" },
  },
  {
    name: "Money",
    permissions: {
      "revenue.view": "See revenue",
      "wallet.view": "See payout addresses",
      "wallet.change": "Change payout addresses",
      "allocation.change": "Change how revenue is split",
      "payout.pause": "Pause payouts",
      "payout.resume": "Resume payouts",
      "hashrate.transfer": "Assign devices to sub-accounts",
      "subaccount.create": "Create sub-accounts",
      "subaccount.delete": "Delete sub-accounts",
      "observer.manage": "Manage observer links",
    },
  },
  {
    name: "People and rules",
    permissions: {
      "user.view": "See people and their roles",
      "user.manage": "Add, change and remove people",
      "user.suspend": "Suspend people",
      "role.manage": "Make and change roles",
      "approval_policy.change": "Change approval rules",
      "api_key.manage": "Manage API keys",
      "audit.view": "See the audit log",
      "settings.manage": "Change settings",
      "account.freeze": "Freeze the account",
      "account.unfreeze": "Unfreeze the account",
      "ownership.transfer": "Transfer ownership",
      "account.delete": "Delete the account",
    },
  },
];

const TITLES = new Map(GROUPS.flatMap((group) => Object.entries(group.permissions)));

/** "Restart mining" of `device.restart`. */
export function permissionTitle(name: string): string {
  return TITLES.get(name) ?? words(name.replaceAll(".", " "));
}

/** The known groups with what is in `names`, then what belongs to none. */
export function grouped<Item extends { name: string }>(
  items: readonly Item[],
): { name: string; items: Item[] }[] {
  const byName = new Map(items.map((item) => [item.name, item]));
  const groups = GROUPS.map((group) => ({
    name: group.name,
    items: Object.keys(group.permissions).flatMap((name) => byName.get(name) ?? []),
  }));
  groups.push({ name: "Others", items: items.filter((item) => !TITLES.has(item.name)) });
  return groups.filter((group) => group.items.length > 0);
}
