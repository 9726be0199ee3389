import type { RequestFilter } from "../api/queries";
import type { RequestState } from "../api/types";
import { STATES } from "../ui/request-states";

/** What the address of the list of requests may say. */
export interface RequestsSearch {
  /** Only what the reader asked for. */
  mine?: true;
  /** Comma-separated. */
  state?: string;
  scenario?: string;
  /** Ids. */
  device?: string;
  person?: string;
  q?: string;
}

/** Anything else is dropped: a state that there is not, and an empty word. */
export function requestsSearch(search: Record<string, unknown>): RequestsSearch {
  const kept: RequestsSearch = {};
  if (search.mine === true) kept.mine = true;
  const states = typeof search.state === "string" ? statesIn(search.state) : [];
  if (states.length > 0) kept.state = states.join(",");
  for (const key of ["scenario", "device", "person", "q"] as const) {
    const value = search[key];
    if (typeof value === "string" && value !== "") kept[key] = value;
    else if (typeof value === "number") kept[key] = String(value);
  }
  return kept;
}

export function statesIn(text: string | undefined): RequestState[] {
  const named = text?.split(",") ?? [];
  return STATES.filter((state) => named.includes(state));
}

/** The question to the server. */
export function filterOf({ mine, ...rest }: RequestsSearch, site: string | undefined): RequestFilter {
  return { box: mine ? "mine" : "all", ...rest, ...(site && { site }) };
}

/** Beside the tabs, which are no filter to be removed. */
export function isFiltered({ mine: _, ...rest }: RequestsSearch): boolean {
  return Object.keys(rest).length > 0;
}
