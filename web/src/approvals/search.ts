import type { Box } from "../api/types";

export const BOXES: Box[] = ["needs_me", "mine", "all", "done"];
export interface ApprovalsSearch {
  tab?: Box;
  request?: string;
}
export function approvalsSearch(search: Record<string, unknown>): ApprovalsSearch {
  const tab = BOXES.find((box) => box === search.tab);
  return {
    ...(tab && { tab }),
    ...(typeof search.request === "string" && search.request !== "" && { request: search.request }),
  };
}
