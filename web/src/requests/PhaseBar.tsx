import type { RequestSummary } from "../api/types";
import { useStandstill } from "../shell/use-standstill";
import { useNow } from "../ui/use-now";
import { phasesOf } from "./phases";
import css from "./Requests.module.css";

export function PhaseBar({ request }: { request: RequestSummary }) {
  const now = useNow(1_000);
  const standstill = useStandstill(request);
  return (
    <ol className={css.phases} aria-label="Progress">
      {phasesOf(request, now, standstill).map((phase) => (
        <li
          key={phase.word}
          className={`${css.phase} ${phase.fill === undefined ? "" : css.fill}`}
          data-look={phase.look}
          aria-current={phase.look === "now" || phase.look === "wait" ? "step" : undefined}
        >
          {phase.fill !== undefined && (
            <i style={{ transform: `scaleX(${phase.fill})` }} aria-hidden="true" />
          )}
          <b className="ellipsis">{phase.word}</b>
          <span className="num">{phase.note}</span>
        </li>
      ))}
    </ol>
  );
}
