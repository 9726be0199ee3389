export interface AuditSearch {
  q?: string;
  type?: string;
  actor?: string;
  object?: string;
  request?: string;
  from?: string;
  to?: string;
}
const KEYS = ["q", "type", "actor", "object", "request"] as const;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function auditSearch(search: Record<string, unknown>): AuditSearch {
  const kept: AuditSearch = {};
  for (const key of KEYS) {
    const value = search[key];
    if (typeof value === "string" && value !== "") kept[key] = value;
    else if (typeof value === "number") kept[key] = String(value);
  }
  for (const key of ["from", "to"] as const) {
    const value = search[key];
    if (typeof value === "string" && DATE.test(value)) kept[key] = value;
  }
  return kept;
}

const DAY_MS = 86_400_000;
/** The local day as a half-open range of unix ms. */
export function dayRange(from?: string, to?: string): { from?: number; to?: number } {
  return {
    ...(from && { from: new Date(`${from}T00:00:00`).getTime() }),
    ...(to && { to: new Date(`${to}T00:00:00`).getTime() + DAY_MS }),
  };
}

export interface AsOfSearch {
  /** A local moment, as a field for one writes it. */
  at?: string;
  seq?: number;
}

/** One of the two; the record wins. */
export function asOfSearch(search: Record<string, unknown>): AsOfSearch {
  const { seq, at } = search;
  if (typeof seq === "number" && Number.isInteger(seq) && seq > 0) return { seq };
  if (typeof at === "string" && !Number.isNaN(new Date(at).getTime())) return { at };
  return {};
}
