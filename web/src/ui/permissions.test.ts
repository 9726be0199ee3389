import { describe, expect, it } from "vitest";
import type { PermissionVerdict } from "../api/types";
import { device, role } from "../testing/fixtures";
import { permissionOf, roleNames, unsupportedBy } from "./actions";
import { judge, judgeAs } from "./permissions";

const verdict = (patch: Partial<PermissionVerdict>): PermissionVerdict => ({
  permission: "device.reboot",
  verdict: "deny",
  reason: "you may not reboot devices (device.reboot): ask Owner for such a role",
  why_not: {
    permission: "device.reboot",
    what: "reboot devices",
    held: [],
    who_can: ["Owner", "Site Manager"],
    givers: ["Owner"],
    people: ["usr-1"],
  },
  ...patch,
});

describe("what a person may do", () => {
  it("follows the server's verdict, an action that needs approval included", () => {
    expect(judge("device.reboot", [], [verdict({ verdict: "needs_request" })])).toEqual({
      allowed: true,
      why: "",
      permission: "device.reboot",
    });
    expect(judge("device.reboot", ["device.reboot"], [verdict({})]).allowed).toBe(false);
  });

  it("says why not and whom to ask, as the server does", () => {
    const can = judge("device.reboot", [], [verdict({})]);
    expect(can.why).toBe("You may not reboot devices (device.reboot): ask Owner for such a role.");
    expect(can.people).toEqual(["usr-1"]);
  });

  it("falls back on the session while the verdicts are not there", () => {
    expect(judge("device.reboot", ["device.reboot"], undefined).allowed).toBe(true);
    expect(judge("device.reboot", [], undefined).why).not.toBe("");
  });
});

describe("what a role may do", () => {
  const technician = role("Technician", ["device.reboot"]);
  it("comes from its permissions alone", () => {
    expect(judgeAs("device.reboot", technician).allowed).toBe(true);
    expect(judgeAs("device.pools", technician).why).toContain("As Technician");
  });
});

describe("actions", () => {
  it("need the permission of their kind", () => {
    expect(permissionOf("resume")).toBe("device.pause");
    expect(permissionOf("restart_mining")).toBe("device.restart");
    expect(permissionOf("restart_workers")).toBe("system.restart_workers");
  });

  it("are refused by devices that do not take them", () => {
    const row = device("dev-1");
    expect(unsupportedBy(row, { action: "reboot", params: {} })).toBeNull();
    expect(unsupportedBy(row, { action: "locate", params: { on: true } })).not.toBeNull();
    expect(unsupportedBy(row, { action: "set_power_mode", params: { mode: "sleep" } })).toBeNull();
    expect(unsupportedBy(row, { action: "set_power_mode", params: { mode: "high" } })).toContain("high");
  });

  it("name roles as a list", () => {
    expect(roleNames([])).toBe("");
    expect(roleNames(["owner"])).toBe("Owner");
    expect(roleNames(["owner", "administrator", "site_manager"])).toBe(
      "Owner, Administrator or Site manager",
    );
  });
});
