import type { Request, RequestSummary } from "../api/types";
import { ago, count, deltaPower, plural, power, until } from "../ui/format";
import { stateWord } from "../ui/request-states";

/** What the account is in that keeps a request waiting. */
export type Standstill = RequestSummary["waits_while"][number] | null;

type Progress = NonNullable<RequestSummary["progress"]>;

export interface Phase {
  word: string;
  note: string;
  look: "done" | "now" | "wait" | "bad" | "ahead";
  /** Share done, 0 to 1, while running. */
  fill?: number;
}

const STOPPED = ["rejected", "cancelled", "expired", "superseded", "invalidated"];

/** The count that is short: of all approvals, or of those by somebody other than the one who asked. */
export function votesText({ have, need, have_other, need_other }: RequestSummary["approvals"]): string {
  return have >= need && have_other < need_other
    ? `${have_other} of ${need_other} by others`
    : `${have} of ${need}`;
}

/** Where a request stands on the way submitted, approved, run, ended; `standstill` is what of the account keeps it waiting. */
export function phasesOf(request: RequestSummary, now: number, standstill: Standstill = null): Phase[] {
  const { state, approvals, progress } = request;
  const stopped = STOPPED.includes(state);
  const pending = state === "pending";
  const running = state === "executing";
  const ended = request.ended_at === null ? "" : ago(request.ended_at, now);
  const votes = votesText(approvals);
  return [
    { word: "Submitted", note: ago(request.created_at, now), look: "done" },
    {
      word: "Approval",
      note: pending ? `${votes}, ${deadline(request.approve_deadline, now)}` : votes,
      look: pending ? "wait" : stopped ? "bad" : "done",
    },
    {
      word: "Run",
      note: progress?.total
        ? runText(progress, request.ended_at !== null)
        : state === "approved"
          ? beginning(request.not_before, now, standstill)
          : "",
      look:
        stopped || pending
          ? "ahead"
          : progress && progress.failed > 0
            ? "bad"
            : running
              ? "now"
              : state === "approved"
                ? "wait"
                : "done",
      fill: running && progress && progress.total > 0 ? progress.done / progress.total : undefined,
    },
    {
      word: stopped || request.ended_at !== null ? stateWord(state) : "Result",
      note: ended,
      look:
        state === "executed"
          ? "done"
          : stopped || state === "failed" || state === "partially_executed"
            ? "bad"
            : "ahead",
    },
  ];
}

/** How far it has come and what of it has not gone well; once it is over, how much of it ended well. */
export function runText({ done, ok, failed, total }: Progress, over: boolean): string {
  if (over) return `${count(ok)} of ${count(total)} done`;
  const come = `${count(done)} of ${plural(total, "target")}`;
  return failed > 0 ? `${come}, ${count(failed)} not done` : come;
}

/** How far an estimate may be off, and what it rests on. */
export function basisText({ band_w, bases }: Request["effect"]): string {
  const words = { own: "own history", peers: "others of the model", nameplate: "the maker's figure" };
  const known = (["own", "peers", "nameplate"] as const).filter((basis) => bases[basis] > 0);
  if (known.length === 0) return "";
  const from = known.map((basis) =>
    known.length > 1 ? `${words[basis]} (${count(bases[basis])})` : words[basis],
  );
  return ` ± ${power(band_w)}, by ${from.join(", ")}`;
}

/** What the measurement is about: the devices that have settled, of which the same was foreseen, and those that have not. */
export function measuredText(measured: NonNullable<Request["measured"]>): string {
  const { devices, estimated_w, settling, unsettled } = measured;
  const parts = [];
  if (devices > 0)
    parts.push(`on ${plural(devices, "device")}, estimated ${deltaPower(estimated_w)} for them`);
  if (settling > 0) parts.push(`${plural(settling, "device")} settling`);
  if (unsettled > 0) parts.push(`${plural(unsettled, "device")} did not settle`);
  return parts.join("; ") || "after the run";
}

function beginning(at: number | null, now: number, standstill: Standstill): string {
  if (at !== null && at > now) return until(at, now);
  if (standstill === "frozen") return "once unfrozen";
  return standstill === "deletion" ? "if the account stays" : "about to start";
}

function deadline(at: number, now: number): string {
  const text = until(at, now);
  return text === "over" ? "time is over" : `expires ${text}`;
}
