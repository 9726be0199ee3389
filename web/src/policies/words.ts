import type { Policy, PolicyChange } from "../api/types";
import { duration } from "../ui/format";

const WARNING: Record<string, string> = {
  degraded: "Too few approvers are left: only a recovery, or another approver, opens it again.",
  nobody_can_approve: "Nobody can approve it.",
  too_few_approvers: "There are fewer approvers than it asks for: such a request cannot be approved.",
  no_spare_approver: "No spare approver: one lost device or one absence blocks it.",
  only_one_approver: "One person alone decides.",
};

/** How long a recovery waits, seconds. */
export const recoveryTimelock = (policies: readonly Policy[]) =>
  policies.find((policy) => policy.scenario === "governance.recover")?.timelock_s ?? 0;

export const warningWords = (code: string) => WARNING[code] ?? code;

/** What is worse than a matter of taste: it cannot be met, or only just. */
export const isSerious = (code: string) => code !== "only_one_approver";

/** What a change may set. */
type Key = Exclude<keyof PolicyChange, "scenario" | "approvers" | "version"> | "approver_roles";
type Settings = Pick<Policy, Key>;

const WORDS: [Key, (of: Policy) => string][] = [
  ["required_other", (of) => `${of.required_other} by others`],
  ["approver_roles", (of) => `by ${ROLES[of.approver_roles]}`],
  [
    "initiator_counts",
    (of) => (of.initiator_counts ? "the initiator counts" : "the initiator does not count"),
  ],
  ["programs_run_alone", (of) => (of.programs_run_alone ? "programs run alone" : "programs wait")],
  ["step_up", (of) => STEP_UPS[of.step_up]],
  ["approve_ttl_s", (of) => `waits at most ${duration(of.approve_ttl_s)}`],
  ["timelock_s", (of) => (of.timelock_s > 0 ? `time lock ${duration(of.timelock_s)}` : "no time lock")],
  ["execute_ttl_s", (of) => `begins within ${duration(of.execute_ttl_s)}`],
];

/** Everything that this one changes, in a few words, as it is and as it is to be. */
export function changeWords(policy: Policy, change: PolicyChange): { from: string; to: string } {
  const next = { ...policy, ...changed(policy, change) };
  const differ = WORDS.filter(([key]) => policy[key] !== next[key]);
  const parts = (of: Policy) =>
    [of.required === 1 ? "1 approval" : `${of.required} approvals`, ...differ.map(([, say]) => say(of))].join(
      ", ",
    );
  return { from: parts(policy), to: parts(next) };
}

export const ROLES: Record<Policy["approver_roles"], string> = {
  administrators: "Administrators",
  site_management: "Administrators and Site Managers",
  action_holders: "whoever may do it",
};

export const STEP_UPS: Record<Policy["step_up"], string> = {
  none: "any session",
  recent: "fresh sign-in",
  passkey: "passkey for each decision",
};

/** What the change makes of it. */
export function changed(policy: Policy, change: PolicyChange): Settings {
  return {
    required: change.required,
    required_other: change.required_other,
    approver_roles: change.approvers ?? policy.approver_roles,
    initiator_counts: change.initiator_counts ?? policy.initiator_counts,
    programs_run_alone: change.programs_run_alone ?? policy.programs_run_alone,
    step_up: change.step_up ?? policy.step_up,
    approve_ttl_s: change.approve_ttl_s ?? policy.approve_ttl_s,
    execute_ttl_s: change.execute_ttl_s ?? policy.execute_ttl_s,
    timelock_s: change.timelock_s ?? policy.timelock_s,
  };
}

/** The change that makes this of it: its counts, and of the rest only what differs. */
export function changeOf(policy: Policy, next: Policy): PolicyChange {
  const { scenario, required, required_other } = next;
  const rest = WORDS.map(([key]) => key).filter(
    (key) => key !== "required_other" && policy[key] !== next[key],
  );
  const named = rest.map((key) => [key === "approver_roles" ? "approvers" : key, next[key]]);
  return { scenario, required, required_other, ...Object.fromEntries(named) };
}

/** Does it change anything at all? */
export function isChange(policy: Policy, change: PolicyChange): boolean {
  const next = changed(policy, change);
  return (Object.keys(next) as Key[]).some((key) => next[key] !== policy[key]);
}
