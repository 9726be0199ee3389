import type { InboxTab } from "../api/types";

export const TABS: InboxTab[] = ["needs_me", "mine", "snoozed", "done"];
export interface InboxSearch {
  tab?: InboxTab;
}
export function inboxSearch(search: Record<string, unknown>): InboxSearch {
  const tab = TABS.find((known) => known === search.tab);
  return tab ? { tab } : {};
}
