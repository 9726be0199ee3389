// Counts that come down: to what the approvers that are left can meet, or further.
import type { Policy, PolicyChange } from "../api/types";

export type Counts = Pick<PolicyChange, "required" | "required_other">;
/** By scenario. */
export type Chosen = Readonly<Record<string, Counts>>;

const most = ({ initiator_counts, available }: Policy) => (initiator_counts ? available : available - 1);

/** Does it ask for more people than there are? What ships with a second person waits for the second approver instead. */
export function isTooHigh(policy: Policy): boolean {
  const others = policy.version > 0 && policy.required_other > Math.max(0, policy.available - 1);
  return policy.required > most(policy) || others;
}

/** The highest counts up to its own that its approvers can always meet. */
export function fitting(policy: Policy): Counts {
  return {
    required: Math.max(1, Math.min(policy.required, most(policy))),
    required_other: Math.max(0, Math.min(policy.required_other, policy.available - 1)),
  };
}

/** The highest that can be chosen: what it is, or what fits. */
export const ceiling = (policy: Policy): Counts => (isTooHigh(policy) ? fitting(policy) : policy);

/** What is chosen for it; as high as can be, if nothing is. */
export function chosenFor(policy: Policy, chosen: Chosen): Counts {
  const { required, required_other } = ceiling(policy);
  const wish = chosen[policy.scenario];
  return {
    required: Math.min(required, wish?.required ?? required),
    required_other: Math.min(required_other, wish?.required_other ?? required_other),
  };
}

/** The changes that make it so: of rules that are too high in any case, of others where they are lowered. */
export function changesOf(policies: readonly Policy[], chosen: Chosen): PolicyChange[] {
  return policies.flatMap((policy) => {
    const to = chosenFor(policy, chosen);
    const same = to.required === policy.required && to.required_other === policy.required_other;
    return same ? [] : [{ scenario: policy.scenario, ...to }];
  });
}
