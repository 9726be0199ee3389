import {
  IconAlertTriangleFilled,
  IconArrowsExchange,
  IconBan,
  IconCircleCheckFilled,
  IconCircleX,
  IconClockPause,
  IconHourglass,
  IconPlayerPlayFilled,
  IconThumbDown,
} from "@tabler/icons-react";
import type { RequestState } from "../api/types";
import css from "./request-state.module.css";

type Tone = "review" | "running" | "done" | "failed" | "ended";

const LOOK: Record<RequestState, { word: string; tone: Tone; icon: typeof IconBan }> = {
  pending: { word: "Waiting for approval", tone: "review", icon: IconHourglass },
  approved: { word: "Approved", tone: "running", icon: IconClockPause },
  executing: { word: "Running", tone: "running", icon: IconPlayerPlayFilled },
  executed: { word: "Done", tone: "done", icon: IconCircleCheckFilled },
  partially_executed: { word: "Partly done", tone: "failed", icon: IconAlertTriangleFilled },
  failed: { word: "Failed", tone: "failed", icon: IconAlertTriangleFilled },
  rejected: { word: "Rejected", tone: "failed", icon: IconThumbDown },
  cancelled: { word: "Cancelled", tone: "ended", icon: IconBan },
  expired: { word: "Expired", tone: "ended", icon: IconCircleX },
  superseded: { word: "Replaced", tone: "ended", icon: IconArrowsExchange },
  invalidated: { word: "No longer valid", tone: "ended", icon: IconCircleX },
};

export function RequestStateMark({ state }: { state: RequestState }) {
  const { word, tone, icon: Icon } = LOOK[state];
  return (
    <span className={`${css.state} ${css[tone]}`}>
      <Icon size={14} aria-hidden="true" />
      {word}
    </span>
  );
}

export const stateWord = (state: RequestState) => LOOK[state].word;

const OPEN: RequestState[] = ["pending", "approved", "executing"];
export const isOpen = (state: RequestState) => OPEN.includes(state);
