import { describe, expect, it } from "vitest";
import { policy, role } from "../testing/fixtures";
import { grouped, permissionTitle } from "../ui/permission-words";
import { matches, mayApprove, outcome, rulesOf } from "./outcome";

const reboot = {
  name: "device.reboot",
  risk: "disruptive",
  scenario: "fleet.power",
  hashcore: "Reboot / Restart / Pause",
  reserved: false,
};
const people = {
  name: "user.manage",
  risk: "dangerous",
  scenario: "authorization.*",
  hashcore: null,
  reserved: false,
};
const look = {
  name: "device.list",
  risk: "read",
  scenario: null,
  hashcore: "View device list",
  reserved: false,
};
const owner = role("Owner", ["device.reboot", "user.manage", "device.list"]);
const technician = role("Technician", ["device.reboot", "device.list"]);
const viewer = role("Viewer", ["device.list"]);

describe("what a role can do", () => {
  it("is nothing without the permission, whatever the rule", () => {
    expect(outcome(viewer, reboot, [policy({ scenario: "fleet.power" })])).toEqual({ kind: "no" });
  });

  it("is done at once when there is no rule, or the one who asks is enough", () => {
    expect(outcome(viewer, look, [])).toEqual({ kind: "do" });
    const rule = policy({
      scenario: "fleet.power",
      required: 1,
      required_other: 0,
      approvers: ["holders of device.reboot"],
    });
    expect(outcome(technician, reboot, [rule])).toEqual({ kind: "do" });
  });

  it("needs somebody else when one may ask but not approve", () => {
    const rule = policy({ scenario: "fleet.power", required: 1, required_other: 0, approvers: ["Owner"] });
    expect(outcome(technician, reboot, [rule])).toEqual({ kind: "ask", more: 1 });
    expect(outcome(owner, reboot, [rule])).toEqual({ kind: "do" });
  });

  it("needs others when the rule says so, or when the one who asks does not count", () => {
    const rule = policy({ scenario: "fleet.power", required: 2, required_other: 1, approvers: ["owner"] });
    expect(outcome(owner, reboot, [rule])).toEqual({ kind: "ask", more: 1 });
    expect(outcome(owner, reboot, [{ ...rule, initiator_counts: false }])).toEqual({ kind: "ask", more: 2 });
  });

  it("goes by the strictest rule of a family", () => {
    const rules = [
      policy({ scenario: "authorization.add", required: 1, required_other: 0, approvers: ["Owner"] }),
      policy({ scenario: "authorization.api_access", required: 2, required_other: 1, approvers: ["Owner"] }),
      policy({ scenario: "fleet.power", required: 9, required_other: 9, approvers: ["Owner"] }),
    ];
    expect(rulesOf(people, rules)).toHaveLength(2);
    expect(outcome(owner, people, rules)).toEqual({ kind: "ask", more: 1 });
  });

  it("knows approvers by role, in words or code, or by what they hold", () => {
    const siteManager = role("Site Manager", ["device.power_mode"]);
    expect(mayApprove(policy({ approvers: ["site_manager"] }), siteManager)).toBe(true);
    expect(
      mayApprove(policy({ approvers: ["Holders of device.reboot or device.power_mode"] }), siteManager),
    ).toBe(true);
    expect(mayApprove(policy({ approvers: ["Owner"] }), siteManager)).toBe(false);
  });
});

describe("permissions", () => {
  it("are found by their title, code, risk and HashCore's name", () => {
    for (const text of ["reboot", "device.reb", "DISRUPTIVE", "pause restart", "fleet.power"])
      expect(matches(reboot, permissionTitle(reboot.name), text)).toBe(true);
    expect(matches(reboot, permissionTitle(reboot.name), "reboot money")).toBe(false);
  });

  it("stand in groups, and unknown ones at the end", () => {
    const groups = grouped([{ name: "moon.mine" }, people, reboot, look]);
    expect(groups.map((group) => group.name)).toEqual([
      "See the fleet",
      "Act on devices",
      "People and rules",
      "Others",
    ]);
    expect(permissionTitle("moon.mine")).toBe("Moon mine");
  });
});
