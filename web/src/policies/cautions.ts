import type { Policy } from "../api/types";

/** What somebody should know before asking for these counts. The server decides; this only warns. */
export function cautions(policy: Policy, required: number, other: number): string[] {
  const found: string[] = [];
  if (required === policy.available && required > policy.required)
    found.push("No spare approver: one lost device or one absence blocks this scenario.");
  if (required < policy.required)
    found.push(`Lowering a count needs at least as many approvals as it had: ${policy.required}.`);
  if (other >= required && other > 0)
    found.push(`The one who asks never suffices: ${other} of the approvals must come from others.`);
  return found;
}
