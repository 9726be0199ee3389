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
import { stateWord } from "./request-states";

type Tone = "review" | "running" | "done" | "failed" | "ended";

const LOOK: Record<RequestState, { tone: Tone; icon: typeof IconBan }> = {
  pending: { tone: "review", icon: IconHourglass },
  approved: { tone: "running", icon: IconClockPause },
  executing: { tone: "running", icon: IconPlayerPlayFilled },
  executed: { tone: "done", icon: IconCircleCheckFilled },
  partially_executed: { tone: "failed", icon: IconAlertTriangleFilled },
  failed: { tone: "failed", icon: IconAlertTriangleFilled },
  rejected: { tone: "failed", icon: IconThumbDown },
  cancelled: { tone: "ended", icon: IconBan },
  expired: { tone: "ended", icon: IconCircleX },
  superseded: { tone: "ended", icon: IconArrowsExchange },
  invalidated: { tone: "ended", icon: IconCircleX },
};

export function RequestStateMark({ state }: { state: RequestState }) {
  const { tone, icon: Icon } = LOOK[state];
  return (
    <span className={`${css.state} ${css[tone]}`}>
      <Icon size={14} aria-hidden="true" />
      {stateWord(state)}
    </span>
  );
}
