// Which devices are selected. Survives pages, filters and scrolling; kept per tab.
import { create } from "zustand";
import type { DeviceRow } from "../api/types";

export interface Picked {
  site: string;
  /** Watts when it was last seen; null when it was selected unseen. */
  power: number | null;
}
export type Picks = ReadonlyMap<string, Picked>;
type Pickable = Pick<DeviceRow, "id" | "site" | "power_w">;

const picked = (row: Pickable): Picked => ({ site: row.site, power: row.power_w });

export function toggle(picks: Picks, row: Pickable): Picks {
  const next = new Map(picks);
  if (!next.delete(row.id)) next.set(row.id, picked(row));
  return next;
}

/** Adds every row from the anchor to `to`, whichever comes first; without an anchor, only `to`. */
export function addRange(picks: Picks, rows: readonly Pickable[], anchor: string | null, to: string): Picks {
  const end = rows.findIndex((row) => row.id === to);
  if (end < 0) return picks;
  const from = rows.findIndex((row) => row.id === anchor);
  const start = from < 0 ? end : from;
  const next = new Map(picks);
  for (const row of rows.slice(Math.min(start, end), Math.max(start, end) + 1)) next.set(row.id, picked(row));
  return next;
}

/** Adds ids that were not necessarily seen; what is known of them is kept. */
export function addIds(
  picks: Picks,
  ids: readonly string[],
  site: string,
  seen: ReadonlyMap<string, Pickable>,
): Picks {
  const next = new Map(picks);
  for (const id of ids) {
    const row = seen.get(id);
    next.set(id, row ? picked(row) : (next.get(id) ?? { site, power: null }));
  }
  return next;
}

export function summary(picks: Picks): { count: number; watts: number; known: number } {
  let watts = 0;
  let known = 0;
  for (const pick of picks.values()) {
    if (pick.power === null) continue;
    watts += pick.power;
    known += 1;
  }
  return { count: picks.size, watts, known };
}

export function bySite(picks: Picks): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [id, { site }] of picks) {
    const ids = groups.get(site);
    if (ids) ids.push(id);
    else groups.set(site, [id]);
  }
  return groups;
}

interface Selection {
  picks: Picks;
  anchor: string | null;
}
export const useSelection = create<Selection>(() => ({ picks: new Map(), anchor: null }));

export const selection = {
  toggle(row: Pickable) {
    useSelection.setState(({ picks }) => ({ picks: toggle(picks, row), anchor: row.id }));
  },
  range(rows: readonly Pickable[], to: string) {
    useSelection.setState(({ picks, anchor }) => ({ picks: addRange(picks, rows, anchor, to), anchor: to }));
  },
  addIds(ids: readonly string[], site: string, seen: ReadonlyMap<string, Pickable>) {
    useSelection.setState(({ picks }) => ({ picks: addIds(picks, ids, site, seen) }));
  },
  clear() {
    useSelection.setState({ picks: new Map(), anchor: null });
  },
};
