import type { Policy, PolicyChange } from "../api/types";

const WARNING: Record<string, string> = {
  degraded: "Too few approvers are left: only a recovery, or another approver, opens it again.",
  nobody_can_approve: "Nobody can approve it.",
  too_few_approvers: "There are fewer approvers than it asks for: such a request cannot be approved.",
  no_spare_approver: "No spare approver: one lost device or one absence blocks it.",
  only_one_approver: "One person alone decides.",
};
export const warningWords = (code: string) => WARNING[code] ?? code;

/** What is worse than a matter of taste: it cannot be met, or only just. */
export const isSerious = (code: string) => code !== "only_one_approver";

/** Everything that this one changes, in a few words, as it is and as it is to be. */
export function changeWords(policy: Policy, change: PolicyChange): { from: string; to: string } {
  const next = { ...policy, ...changed(policy, change) };
  const parts = (of: Policy): string[] => {
    const words = [of.required === 1 ? "1 approval" : `${of.required} approvals`];
    if (policy.required_other !== next.required_other) words.push(`${of.required_other} by others`);
    if (policy.approver_roles !== next.approver_roles) words.push(`by ${ROLES[of.approver_roles]}`);
    if (policy.initiator_counts !== next.initiator_counts)
      words.push(of.initiator_counts ? "the initiator counts" : "the initiator does not count");
    if (policy.programs_run_alone !== next.programs_run_alone)
      words.push(of.programs_run_alone ? "programs run alone" : "programs wait");
    if (policy.step_up !== next.step_up) words.push(of.step_up === "none" ? "any session" : "fresh sign-in");
    return words;
  };
  return { from: parts(policy).join(", "), to: parts(next).join(", ") };
}

export const ROLES: Record<Policy["approver_roles"], string> = {
  administrators: "Administrators",
  site_management: "Administrators and Site Managers",
  action_holders: "whoever may do it",
};

function changed(policy: Policy, change: PolicyChange): Partial<Policy> {
  return {
    required: change.required,
    required_other: change.required_other,
    approver_roles: change.approvers ?? policy.approver_roles,
    initiator_counts: change.initiator_counts ?? policy.initiator_counts,
    programs_run_alone: change.programs_run_alone ?? policy.programs_run_alone,
    step_up: change.step_up ?? policy.step_up,
  };
}

/** Does it change anything at all? */
export function isChange(policy: Policy, change: PolicyChange): boolean {
  const next = changed(policy, change);
  return (Object.keys(next) as (keyof Policy)[]).some((key) => next[key] !== policy[key]);
}
