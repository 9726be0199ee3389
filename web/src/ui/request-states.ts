import type { RequestState } from "../api/types";

/** What each is called, on the way from waiting to an end. */
const WORDS: Record<RequestState, string> = {
  pending: "Waiting for approval",
  approved: "Approved",
  executing: "Running",
  executed: "Done",
  partially_executed: "Partly done",
  failed: "Failed",
  rejected: "Rejected",
  cancelled: "Cancelled",
  expired: "Expired",
  superseded: "Replaced",
  invalidated: "No longer valid",
};

export const STATES = Object.keys(WORDS) as RequestState[];

export const stateWord = (state: RequestState) => WORDS[state];

const OPEN: RequestState[] = ["pending", "approved", "executing"];
export const isOpen = (state: RequestState) => OPEN.includes(state);
