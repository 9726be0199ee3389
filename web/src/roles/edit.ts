// A role of the account's own while it is edited: what goes along with a permission, and what a change comes to.
import type { RoleInfo } from "../api/types";

const FLEET = ["dashboard.view", "device.list", "device.view"];
/** What must be seen to do something: by the beginning of the permission's name. */
const READS: [prefix: string, reads: string[]][] = [
  ["device.", FLEET],
  ["container.", FLEET],
  ["pdu.", FLEET],
  ["inventory.", FLEET],
  ["work_order.", FLEET],
  ["comment.", FLEET],
  ["wallet.change", ["wallet.view"]],
  ["allocation.", ["revenue.view"]],
  ["payout.", ["revenue.view"]],
  ["report.export", ["report.view"]],
  ["user.", ["user.view"]],
  ["role.", ["user.view"]],
];
/** Every role has these: without them the console shows nothing. */
const ALWAYS = ["dashboard.view", "device.list"];
export const isAlways = (permission: string) => ALWAYS.includes(permission);

/** What must be seen to use a permission. Seeing needs nothing further. */
function readsOf(permission: string): string[] {
  if (FLEET.includes(permission) || permission.endsWith(".view")) return [];
  return READS.filter(([prefix]) => permission.startsWith(prefix)).flatMap(([, reads]) => reads);
}

/** The permission for whose sake another one has to be there, if there is one. */
export function neededBy(permission: string, chosen: readonly string[]): string | null {
  return chosen.find((other) => readsOf(other).includes(permission)) ?? null;
}

/** The choice with all the reads that belong to it. */
export function completed(chosen: readonly string[]): string[] {
  if (chosen.length === 0) return [];
  return [...new Set([...ALWAYS, ...chosen, ...chosen.flatMap(readsOf)])].sort();
}

/** What a change adds and takes away. */
export function difference(before: readonly string[], after: readonly string[]) {
  return {
    added: after.filter((name) => !before.includes(name)),
    taken: before.filter((name) => !after.includes(name)),
  };
}

/** "Technician 2": a name that no role has yet. */
export function freeName(name: string, roles: readonly RoleInfo[]): string {
  const taken = new Set(roles.map((role) => role.name.toLowerCase()));
  let number = 2;
  while (taken.has(`${name} ${number}`.toLowerCase())) number += 1;
  return `${name} ${number}`;
}
