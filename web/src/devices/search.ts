import type { DeviceQuery, DeviceSort } from "../api/types";

export const SORTS: { key: DeviceSort; word: string }[] = [
  { key: "name", word: "Name" },
  { key: "ip", word: "Address" },
  { key: "model", word: "Model" },
  { key: "status", word: "Status" },
  { key: "hashrate", word: "Hashrate" },
  { key: "power", word: "Power" },
  { key: "temp", word: "Temperature" },
  { key: "mode", word: "Mode" },
  { key: "uptime", word: "Uptime" },
];

/** "Sort by name". */
export function sortTitle(sort: DeviceSort): string {
  const { word = sort } = SORTS.find(({ key }) => key === sort) ?? {};
  return `Sort by ${word.toLowerCase()}`;
}

export const RANGES = [
  { name: "power", word: "Power", unit: "W" },
  { name: "hashrate", word: "Hashrate", unit: "TH/s" },
  { name: "temp", word: "Temperature", unit: "°C" },
] as const;
export type RangeKey = `${(typeof RANGES)[number]["name"]}_${"min" | "max"}`;
export const RANGE_KEYS = RANGES.flatMap((range) => [`${range.name}_min`, `${range.name}_max`] as RangeKey[]);

export interface DeviceSearch extends Partial<Record<RangeKey, number>> {
  q?: string;
  /** Comma-separated. */
  status?: string;
  connectivity?: string;
  activity?: string;
  model?: string;
  /** Ids. */
  container?: string;
  sub_account?: string;
  sort?: DeviceSort;
  order?: "asc" | "desc";
  device?: string;
}

/** What an address may say about the device list; anything else is dropped. */
export function deviceSearch(search: Record<string, unknown>): DeviceSearch {
  const kept: DeviceSearch = {};
  for (const key of [
    "q",
    "status",
    "connectivity",
    "activity",
    "model",
    "container",
    "sub_account",
    "device",
  ] as const) {
    const value = search[key];
    if (typeof value === "string" && value !== "") kept[key] = value;
    else if (typeof value === "number") kept[key] = String(value);
  }
  for (const key of RANGE_KEYS) {
    const value = search[key];
    if (typeof value === "number" && Number.isFinite(value)) kept[key] = value;
  }
  const sort = SORTS.find((entry) => entry.key === search.sort)?.key;
  if (sort) kept.sort = sort;
  if (search.order === "desc") kept.order = "desc";
  return kept;
}

/** The part of the search that is a question to the server. */
export function filterOf({ device: _, ...filter }: DeviceSearch): DeviceQuery {
  return filter;
}

export function isFiltered(search: DeviceSearch): boolean {
  const { device: _, sort: __, order: ___, ...filter } = search;
  return Object.keys(filter).length > 0;
}

export function listOf(value: string | undefined): string[] {
  return value ? value.split(",") : [];
}

/** Switches one value of a comma-separated list; an empty list is no filter at all. */
export function toggled(value: string | undefined, entry: string): string | undefined {
  const list = listOf(value);
  const next = list.includes(entry) ? list.filter((other) => other !== entry) : [...list, entry];
  return next.length > 0 ? next.join(",") : undefined;
}
