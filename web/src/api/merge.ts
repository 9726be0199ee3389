// How frames of the live stream are folded into what is already on screen. Pure functions: an untouched
// row, page or list keeps its identity, so React renders only what changed.
import type { InfiniteData } from "@tanstack/react-query";
import type { DevicePage, DeviceRow, Item, RequestSummary } from "./types";

/** A row with the moments of its last answer and of its numbers, by this browser's clock: ages that keep counting. */
export interface SeenRow extends DeviceRow {
  seen_at: number | null;
  told_at: number | null;
}
export type SeenPage = Omit<DevicePage, "items"> & { items: SeenRow[] };
export type RowPatch = Partial<DeviceRow> & { id: string };

export function seen(row: DeviceRow, receivedAt: number): SeenRow {
  return { ...row, seen_at: before(receivedAt, row.seen_age_ms), told_at: before(receivedAt, row.age_ms) };
}

export function mergeRow(row: SeenRow, patch: RowPatch, receivedAt: number): SeenRow {
  const merged = { ...row, ...patch };
  if (patch.seen_age_ms !== undefined) merged.seen_at = before(receivedAt, patch.seen_age_ms);
  if (patch.age_ms !== undefined) merged.told_at = before(receivedAt, patch.age_ms);
  return merged;
}

function before(at: number, age: number | null): number | null {
  return age === null ? null : at - age;
}

export function mergeDevicePages<Param>(
  data: InfiniteData<SeenPage, Param>,
  patches: readonly RowPatch[],
  asOf: number,
  receivedAt: number,
): InfiniteData<SeenPage, Param> {
  const byId = new Map(patches.map((patch) => [patch.id, patch]));
  let touched = false;
  const pages = data.pages.map((page) => {
    let changed = false;
    const items = page.items.map((row) => {
      const patch = byId.get(row.id);
      if (!patch) return row;
      changed = true;
      return mergeRow(row, patch, receivedAt);
    });
    if (!changed) return page;
    touched = true;
    return { ...page, items, as_of: Math.max(page.as_of, asOf) };
  });
  return touched ? { ...data, pages } : data;
}

/** Items are addressed by their index in the request; an older report never replaces a newer one. */
export function mergeItems(items: readonly Item[], changes: readonly Item[]): Item[] {
  const byIndex = new Map(items.map((item) => [item.index, item]));
  for (const change of changes) {
    const known = byIndex.get(change.index);
    if (known?.at != null && change.at != null && change.at < known.at) continue;
    byIndex.set(change.index, change);
  }
  return [...byIndex.values()].sort((a, b) => a.index - b.index);
}

/** Replaces the summary of one request wherever it is listed; says whether it was. */
export function mergeSummary(
  items: readonly RequestSummary[],
  summary: RequestSummary,
): { items: RequestSummary[]; found: boolean } {
  let found = false;
  const next = items.map((item) => {
    if (item.id !== summary.id) return item;
    found = true;
    return summary;
  });
  return { items: next, found };
}

/** What of a request decides in which lists it belongs; progress alone changes none of it. */
export function standing({ state, approvals, targets, my }: RequestSummary): string {
  return JSON.stringify([state, approvals, targets, my]);
}
