// What became of each target of a request, sorted into a few tones for mosaic, counts and table.
import type { Item, ItemState, RequestState } from "../api/types";
import { NONE, power } from "../ui/format";

/** Ends after which whoever asked may want to ask again: nothing of it was carried out. */
export const AGAIN: readonly RequestState[] = ["rejected", "cancelled", "expired", "invalidated"];

/** What a device drew and draws since, as far as it has settled; a dash where the operation changes no power. */
export function powerText(item: Item): string {
  const { power_before_w: before, power_after_w: after, power_settled: settled, state } = item;
  if (before === null && after === null) return NONE;
  if (settled === null && (state === "verified" || state === "acknowledged"))
    return `${power(before)} → settling`;
  if (settled === null) return power(before);
  return `${power(before)} → ${power(after)}${settled ? "" : " (not settled)"}`;
}

export type Tone = "waiting" | "running" | "ok" | "failed" | "unsure" | "left";

export const TONE: Record<ItemState, Tone> = {
  waiting: "waiting",
  queued: "waiting",
  held: "waiting",
  dispatched: "running",
  received: "running",
  verified: "ok",
  acknowledged: "ok",
  failed: "failed",
  timed_out: "failed",
  unknown: "unsure",
  skipped: "left",
  dropped: "left",
  device_busy: "left",
  cancelled: "left",
};

export const TONE_WORD: Record<Tone, string> = {
  waiting: "Waiting",
  running: "Under way",
  ok: "Done",
  failed: "Failed",
  unsure: "Unknown",
  left: "Left out",
};
export const TONES = Object.keys(TONE_WORD) as Tone[];

export const STATE_WORD: Record<ItemState, string> = {
  waiting: "Waiting",
  queued: "Queued",
  dispatched: "Sent",
  received: "Received",
  verified: "Verified",
  acknowledged: "Acknowledged",
  failed: "Failed",
  timed_out: "No answer in time",
  unknown: "Outcome unknown",
  skipped: "Skipped",
  dropped: "Taken by another request",
  device_busy: "Device was busy",
  held: "Held",
  cancelled: "Not begun",
};

export function tally(items: readonly Item[]): Record<Tone, number> {
  const counts: Record<Tone, number> = { waiting: 0, running: 0, ok: 0, failed: 0, unsure: 0, left: 0 };
  for (const item of items) counts[TONE[item.state]] += 1;
  return counts;
}

/** The devices worth trying again: failed, not those whose outcome is unknown. */
export function failedTargets(items: readonly Item[]): string[] {
  return items.filter((item) => TONE[item.state] === "failed").map((item) => item.target.id);
}

/** The devices on which it was done. */
export function doneTargets(items: readonly Item[]): string[] {
  return items.filter((item) => TONE[item.state] === "ok").map((item) => item.target.id);
}

const COLUMNS = [
  "device",
  "name",
  "model",
  "ip",
  "state",
  "message",
  "at",
  "power_before_w",
  "power_after_w",
];

/** The results as comma-separated values. Cells a spreadsheet would run as a formula are made text. */
export function toCsv(items: readonly Item[]): string {
  const lines = items.map((item) => [
    item.target.id,
    item.target.name,
    item.target.model,
    item.target.ip,
    item.state,
    item.message ?? "",
    item.at === null ? "" : new Date(item.at).toISOString(),
    item.power_before_w ?? "",
    item.power_after_w ?? "",
  ]);
  return [COLUMNS, ...lines].map((line) => line.map(cell).join(",")).join("\r\n");
}

function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
