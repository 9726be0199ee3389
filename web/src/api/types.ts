// The shapes of the HTTP interface under the names the console uses.

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: { pointer: string; detail: string }[];
  request_id?: string;
}
export interface UserRef {
  id: string;
  name: string;
}
export interface SiteRef {
  id: string;
  name: string;
}
export interface Session {
  user: UserRef;
  account: { id: string; name: string };
  roles: string[];
  csrf: string;
  permissions: string[];
  sites: SiteRef[];
  authenticated_at: number;
  demo: boolean;
}
export interface DemoUser {
  email: string;
  name: string;
  role: string;
  password: string;
}
export type DeviceStatus =
  | "hashing"
  | "degraded"
  | "error"
  | "offline"
  | "sleeping"
  | "maintenance"
  | "unknown";
export type PowerMode = "sleep" | "low" | "normal" | "high";
export type OpKind =
  | "reboot"
  | "restart_mining"
  | "pause"
  | "resume"
  | "set_power_mode"
  | "locate"
  | "set_pools";
export interface Overview {
  devices: Record<DeviceStatus, number> & { total: number };
  hashrate_ths: number;
  power_w: number;
  efficiency_j_th: number | null;
  capacity_w: number | null;
  as_of: number;
  chart: {
    draft: number;
    waiting_mine: number;
    waiting_me: number;
    running: { requests: number; done: number; total: number };
    failed_24h: number;
  };
}
export interface DeviceRow {
  id: string;
  name: string;
  site: string;
  agent: string;
  ip: string;
  mac: string | null;
  make: string;
  model: string;
  firmware: string;
  driver: string;
  status: DeviceStatus;
  connectivity: "online" | "unreachable" | "auth_required" | "unknown";
  activity: string | null;
  since: number;
  age_ms: number | null;
  hashrate_ths: number | null;
  expected_hashrate_ths: number | null;
  power_w: number | null;
  temp_chip_max_c: number | null;
  temp_inlet_c: number | null;
  fan_rpm: number | null;
  uptime_s: number | null;
  power_mode: PowerMode | null;
  led_on: boolean | null;
  supports: OpKind[];
  modes: PowerMode[];
  pools: { url: string; user: string }[] | null;
  errors: string[];
  open: { request: string; number: number; action: string; state: RequestState }[];
  in_draft: boolean;
}
export interface DevicePage {
  items: DeviceRow[];
  total: number;
  next_cursor: string | null;
  facets: { status: Record<string, number>; model: Record<string, number> };
  as_of: number;
}
export type DeviceSort =
  | "name"
  | "ip"
  | "model"
  | "status"
  | "hashrate"
  | "power"
  | "temp"
  | "mode"
  | "uptime";
export interface DeviceQuery {
  site?: string;
  status?: string;
  model?: string;
  make?: string;
  q?: string;
  power_min?: number;
  power_max?: number;
  hashrate_min?: number;
  hashrate_max?: number;
  temp_min?: number;
  temp_max?: number;
  sort?: DeviceSort;
  order?: "asc" | "desc";
  limit?: number;
  cursor?: string;
}
export type Action =
  | { action: "reboot"; params: Record<string, never> }
  | { action: "restart_mining"; params: Record<string, never> }
  | { action: "pause"; params: Record<string, never> }
  | { action: "resume"; params: Record<string, never> }
  | { action: "set_power_mode"; params: { mode: PowerMode } }
  | { action: "locate"; params: { on: boolean } }
  | { action: "set_pools"; params: { pools: { url: string; user: string }[] } }
  | { action: "restart_workers"; params: { site: string } }
  | { action: "set_policies"; params: { changes: PolicyChange[] } };
export interface PermissionVerdict {
  permission: string;
  verdict: "allow" | "needs_request" | "deny";
  scenario?: string;
  reason: string;
  who_can: string[];
}
export interface TargetRef {
  id: string;
  name: string;
  model: string;
  ip: string;
}
export interface Effect {
  devices: number;
  delta_w: number | null;
  before_w: number | null;
  after_w: number | null;
  unknown: number;
}
export interface Rule {
  scenario: string;
  required: number;
  required_other: number;
  approvers: string[];
  initiator_counts: boolean;
  runs_at_once: boolean;
  step_up: "none" | "recent" | "passkey";
  sentence: string;
}
export interface Warning {
  code: "unsupported" | "offline" | "no_op" | "busy" | "overrides";
  devices: string[];
  detail: string;
  request?: string;
  number?: number;
}
export interface DraftChange {
  id: string;
  action: Action;
  targets: TargetRef[];
  effect: Effect;
  rule: Rule;
  warnings: Warning[];
}
export interface Draft {
  site: string;
  version: number;
  changes: DraftChange[];
  effect: Effect | null;
  updated_at: number | null;
}
export type RequestState =
  | "pending"
  | "approved"
  | "executing"
  | "executed"
  | "partially_executed"
  | "failed"
  | "rejected"
  | "cancelled"
  | "expired"
  | "superseded"
  | "invalidated";
export interface RequestSummary {
  id: string;
  number: number;
  state: RequestState;
  state_reason: string | null;
  title: string;
  action: Action;
  scenario: string;
  site: string | null;
  initiator: UserRef;
  created_at: number;
  ended_at: number | null;
  approve_deadline: number;
  execute_deadline: number | null;
  targets: number;
  approved_targets: number;
  approvals: { have: number; need: number; need_other: number; have_other: number };
  effect: Effect;
  progress: { done: number; ok: number; failed: number; total: number } | null;
  my: { can_vote: boolean; can_cancel: boolean; voted: "approve" | "reject" | null; why_not: string | null };
}
export interface DiffRow {
  what: string;
  from: string;
  to: string;
  devices: number;
  delta_w: number | null;
  models: string[];
}
export interface Vote {
  voter: UserRef;
  decision: "approve" | "reject";
  at: number;
  comment: string | null;
  counts: boolean;
  withdrawn_at: number | null;
  initiator: boolean;
}
export interface TimelineEntry {
  at: number;
  what: string;
  by: UserRef | null;
  seq: number;
}
export interface Request extends RequestSummary {
  reason: string | null;
  content_hash: string;
  revision: number;
  policy_version: number;
  rule: Rule;
  diff: DiffRow[];
  votes: Vote[];
  who_can: UserRef[];
  timeline: TimelineEntry[];
  dropped: { device: string; name: string; by_request: string; by_number: number }[];
  took: { device: string; name: string; from_request: string; from_number: number }[];
  measured: { delta_w: number | null; devices: number } | null;
  superseded_by: { id: string; number: number } | null;
}
export type ItemState =
  | "waiting"
  | "queued"
  | "dispatched"
  | "received"
  | "verified"
  | "acknowledged"
  | "failed"
  | "timed_out"
  | "unknown"
  | "skipped"
  | "dropped"
  | "device_busy"
  | "held"
  | "cancelled";
export interface Item {
  index: number;
  target: TargetRef;
  state: ItemState;
  message: string | null;
  at: number | null;
  power_before_w: number | null;
  power_after_w: number | null;
}
export interface ItemPage {
  items: Item[];
  total: number;
  next_cursor: string | null;
}
export type Box = "needs_me" | "mine" | "all" | "done";
export interface RequestPage {
  items: RequestSummary[];
  total: number;
  next_cursor: string | null;
}
export interface Preview {
  effect: Effect;
  rule: Rule;
  warnings: Warning[];
}
export interface SubmitResult {
  requests: RequestSummary[];
  refused: { change: string; problem: Problem }[];
}
export interface Policy {
  scenario: string;
  version: number;
  required: number;
  required_other: number;
  approvers: string[];
  available: number;
  initiator_counts: boolean;
  approve_ttl_s: number;
  execute_ttl_s: number;
  timelock_s: number;
  step_up: string;
}
export interface PolicyChange {
  scenario: string;
  required: number;
  required_other: number;
}
export interface Worker {
  scan_task: string;
  name: string;
  ranges: string[];
  generation: number;
  started_at: number;
  running: boolean;
  addresses: number;
  swept: number;
  identified: number;
  unidentified: number;
  last_sweep_at: number | null;
}
export interface Agent {
  id: string;
  name: string;
  site: string;
  connected: boolean;
  last_contact: number | null;
  version: string | null;
  host: string | null;
  mode: "full_control" | "monitoring_only";
  paused: boolean;
  clock_offset_ms: number | null;
  devices: number;
  open_commands: number;
  workers: Worker[];
}
export interface AuditEntry {
  seq: number;
  at: number;
  actor: { kind: "user" | "system" | "agent" | "operator"; id: string | null; name: string };
  type: string;
  summary: string;
  request: { id: string; number: number } | null;
  hash: string;
  detail: unknown;
}
export interface AuditPage {
  items: AuditEntry[];
  total: number;
  next_cursor: string | null;
  head: { seq: number; hash: string };
}
export interface AuditQuery {
  q?: string;
  type?: string;
  actor?: string;
  request?: string;
  from?: number;
  to?: number;
  cursor?: string;
  limit?: number;
}
