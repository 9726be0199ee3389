// What a role's permission comes to: nothing, done at once, or asked for. Read from the roles and the approval
// rules that everybody can see; the server decides each case with its scope.
import type { PermissionInfo, Policy, RoleInfo } from "../api/types";

export type Outcome =
  | { kind: "no" }
  | { kind: "do" }
  /** `more` people besides the one who asks. */
  | { kind: "ask"; more: number };

const HOLDERS = "holders of ";

/** Can a holder of the role vote under this rule? */
export function mayApprove(policy: Policy, role: RoleInfo): boolean {
  const held = new Set(role.permissions);
  return policy.approvers.some((approver) =>
    approver.toLowerCase().startsWith(HOLDERS)
      ? approver
          .slice(HOLDERS.length)
          .split(/, | or /)
          .some((name) => held.has(name))
      : same(approver, role.name),
  );
}

/** Role names come as words or as codes. */
export function same(a: string, b: string): boolean {
  return plain(a) === plain(b);
}
const plain = (name: string) => name.toLowerCase().replaceAll("_", " ");

/** The rules a permission's actions fall under: one scenario, or a family such as `authorization.*`. */
export function rulesOf(permission: PermissionInfo, policies: readonly Policy[]): Policy[] {
  const { scenario } = permission;
  if (!scenario) return [];
  if (!scenario.endsWith("*")) return policies.filter((policy) => policy.scenario === scenario);
  return policies.filter((policy) => policy.scenario.startsWith(scenario.slice(0, -1)));
}

export function outcome(role: RoleInfo, permission: PermissionInfo, policies: readonly Policy[]): Outcome {
  if (!role.permissions.includes(permission.name)) return { kind: "no" };
  const more = Math.max(0, ...rulesOf(permission, policies).map((policy) => othersNeeded(policy, role)));
  return more === 0 ? { kind: "do" } : { kind: "ask", more };
}

function othersNeeded(policy: Policy, role: RoleInfo): number {
  const own = policy.initiator_counts && mayApprove(policy, role) ? 1 : 0;
  return Math.max(policy.required - own, policy.required_other);
}

export function outcomeWord(what: Outcome): string {
  if (what.kind === "no") return "No";
  if (what.kind === "do") return "Yes";
  return `Asks ${what.more}`;
}

/** Roles that hold a permission, in the catalogue's order. */
export function holders(roles: readonly RoleInfo[], permission: string): RoleInfo[] {
  return roles.filter((role) => role.permissions.includes(permission));
}

/** Does the search fit: every word in the title, the code, the risk or HashCore's name? */
export function matches(permission: PermissionInfo, title: string, text: string): boolean {
  const all = [title, permission.name, permission.risk, permission.hashcore ?? "", permission.scenario ?? ""]
    .join(" ")
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
