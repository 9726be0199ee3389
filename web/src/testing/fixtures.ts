// Small objects of the interface for tests.
import type { ChangeRow, DeviceRow, Item, ItemState, Policy, RequestSummary, RoleInfo } from "../api/types";

export function device(id: string, patch: Partial<DeviceRow> = {}): DeviceRow {
  return {
    id,
    name: id,
    site: "site-1",
    agent: "agt-1",
    ip: "10.0.0.1",
    mac: null,
    make: "Bitmain",
    model: "Antminer S19",
    firmware: "",
    driver: "antminer",
    status: "hashing",
    since: 0,
    connectivity: { value: "online", reason: null, since: 0 },
    activity: { value: "mining", reason: null, since: 0 },
    last_activity: "mining",
    seen_age_ms: 0,
    age_ms: 0,
    current: true,
    restored: false,
    hashrate_ths: 100,
    expected_hashrate_ths: 110,
    power_w: 3000,
    temp_chip_max_c: 60,
    temp_inlet_c: null,
    fan_rpm: null,
    uptime_s: 10,
    power_mode: "normal",
    led_on: false,
    supports: ["reboot", "set_power_mode"],
    modes: ["normal", "sleep"],
    pools: null,
    errors: [],
    open: [],
    in_draft: false,
    claims: [],
    container: null,
    sub_account: null,
    ...patch,
  };
}

export function change(patch: Partial<ChangeRow> = {}): ChangeRow {
  return {
    field: "power_mode",
    label: "Power mode",
    of: null,
    before: "known",
    old: "normal",
    new: "low",
    devices: 1,
    weight: "change",
    caution: null,
    users: null,
    text: "Power mode: normal → low (1 device)",
    ...patch,
  };
}

export function item(index: number, state: ItemState, patch: Partial<Item> = {}): Item {
  return {
    index,
    target: { id: `dev-${index}`, name: `dev-${index}`, model: "Antminer S19", ip: "10.0.0.1" },
    state,
    users: null,
    message: null,
    at: null,
    power_before_w: null,
    power_after_w: null,
    power_settled: null,
    ...patch,
  };
}

export function request(patch: Partial<RequestSummary> = {}): RequestSummary {
  return {
    id: "01J0",
    number: 12,
    state: "pending",
    state_reason: null,
    title: "Reboot 2 devices",
    changes_line: "Miner: mining → restarted (2 devices)",
    action: { action: "reboot", params: {} },
    scenario: "fleet.power",
    site: "site-1",
    initiator: { id: "usr-1", name: "First" },
    key_of: null,
    created_at: 0,
    ended_at: null,
    approve_deadline: 3_600_000,
    not_before: null,
    execute_deadline: null,
    waits_while: ["frozen", "deletion"],
    targets: 2,
    approved_targets: 2,
    approvals: { have: 1, need: 2, need_other: 1, have_other: 0 },
    effect: {
      devices: 2,
      delta_w: 0,
      before_w: 6000,
      after_w: 6000,
      unknown: 0,
      band_w: 0,
      bases: { own: 0, peers: 0, nameplate: 0 },
    },
    progress: null,
    acceptance: null,
    my: {
      can_vote: false,
      can_reject: false,
      can_cancel: true,
      can_answer: false,
      voted: null,
      why_not: null,
    },
    ...patch,
  };
}

export function policy(patch: Partial<Policy> = {}): Policy {
  return {
    scenario: "fleet.mode",
    version: 1,
    required: 1,
    required_other: 0,
    approvers: ["administrator"],
    available: 3,
    initiator_counts: true,
    approve_ttl_s: 3600,
    execute_ttl_s: 900,
    timelock_s: 0,
    step_up: "none",
    approver_roles: "administrators",
    programs_run_alone: false,
    fixed: false,
    takes: 1,
    spare: 2,
    can_be_met: true,
    who: null,
    limited: null,
    warnings: [],
    ...patch,
  };
}

/** A built-in role with these permissions. */
export const role = (name: string, permissions: string[]): RoleInfo => ({
  code: name.toLowerCase().replaceAll(" ", "_"),
  name,
  built_in: true,
  permissions,
});
