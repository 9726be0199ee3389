/** What still waits for approval; whatever has gone on from there is among all the requests. */
export const BOXES = ["needs_me", "mine", "all"] as const;
export interface ApprovalsSearch {
  tab?: (typeof BOXES)[number];
  request?: string;
}
export function approvalsSearch(search: Record<string, unknown>): ApprovalsSearch {
  const tab = BOXES.find((box) => box === search.tab);
  return {
    ...(tab && { tab }),
    ...(typeof search.request === "string" && search.request !== "" && { request: search.request }),
  };
}
