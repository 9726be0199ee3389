import type { InboxTab } from "../api/types";

/** News first: what waits for a vote is decided under Approvals. */
export const TABS = ["mine", "asked", "snoozed", "done"] as const satisfies InboxTab[];
export type Tab = (typeof TABS)[number];
export interface InboxSearch {
  tab?: Tab;
}
export function inboxSearch(search: Record<string, unknown>): InboxSearch {
  const tab = TABS.find((known) => known === search.tab);
  return tab ? { tab } : {};
}
