import { expect, test } from "vitest";
import { policy } from "../testing/fixtures";
import { safeguardWords } from "./SafeguardsCard";
import { changed, changeOf, changeWords, isChange, recoveryTimelock } from "./words";

const counts = { scenario: "fleet.mode", required: 1, required_other: 0 };

test("a change says what changes, and always the count", () => {
  const one = policy();
  expect(changeWords(one, { ...counts, required: 2 })).toEqual({ from: "1 approval", to: "2 approvals" });
  expect(
    changeWords(one, { ...counts, required_other: 1, approvers: "action_holders", step_up: "recent" }),
  ).toEqual({
    from: "1 approval, 0 by others, by Administrators, any session",
    to: "1 approval, 1 by others, by whoever may do it, fresh sign-in",
  });
});

test("what is so already is no change", () => {
  expect(isChange(policy(), counts)).toBe(false);
  expect(isChange(policy(), { ...counts, initiator_counts: true, approvers: "administrators" })).toBe(false);
  expect(isChange(policy(), { ...counts, initiator_counts: false })).toBe(true);
});

test("a change names what differs, and makes of the rule what was meant", () => {
  const one = policy();
  const meant = { ...one, required: 2, step_up: "passkey" as const, timelock_s: 86_400 };
  const change = changeOf(one, meant);
  expect(change).toEqual({
    scenario: "fleet.mode",
    required: 2,
    required_other: 0,
    step_up: "passkey",
    timelock_s: 86_400,
  });
  expect({ ...one, ...changed(one, change) }).toEqual(meant);
  expect(changeWords(one, change)).toEqual({
    from: "1 approval, any session, no time lock",
    to: "2 approvals, passkey for each decision, time lock 1 d",
  });
  expect(changeOf(one, { ...one, approver_roles: "action_holders" }).approvers).toBe("action_holders");
});

test("the safeguards say how long a recovery waits by the rule that there is", () => {
  const recover = policy({ scenario: "governance.recover", timelock_s: 86_400 });
  const [, , note] = safeguardWords(recoveryTimelock([policy(), recover]))[2] ?? [];
  expect(note).toMatch(/^After 24 h, /);
});
