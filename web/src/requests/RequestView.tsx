import { useQuery } from "@tanstack/react-query";
import { requestQuery } from "../api/queries";
import type { Request } from "../api/types";
import { useSiteName } from "../shell/site";
import { isOp } from "../ui/actions";
import { Cautions } from "../ui/changes";
import { LoadError, Note, Tile, Tiles, Waiting } from "../ui/feedback";
import { ago, count, dateTimeLong, deltaPower, NONE, plural, power } from "../ui/format";
import { RequestStateMark } from "../ui/request-state";
import { isOpen } from "../ui/request-states";
import { scenarioTitle } from "../ui/scenario-words";
import { useNow } from "../ui/use-now";
import { Again } from "./Again";
import { ChangedSince, Diff, LeftOut } from "./Changes";
import { Comments, Review } from "./Comments";
import { Decision } from "./Decision";
import { Degraded } from "./Degraded";
import { endingOf } from "./ending";
import { Hold } from "./Hold";
import { NotDone } from "./NotDone";
import { People, Timeline } from "./People";
import { PhaseBar } from "./PhaseBar";
import { basisText, measuredText, votesText } from "./phases";
import css from "./Requests.module.css";
import { Results } from "./Results";

/** A request from submission to result: the same on its own page and beside the inbox. */
export function RequestView({ id, inPane = false }: { id: string; inPane?: boolean }) {
  const { data, error, refetch } = useQuery(requestQuery(id));
  if (error && !data) return <LoadError error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={5} height={64} />;
  return <View request={data} inPane={inPane} key={data.id} />;
}

function View({ request, inPane }: { request: Request; inPane: boolean }) {
  const siteName = useSiteName();
  const now = useNow();
  const Heading = inPane ? "h2" : "h1";
  return (
    <article className={`${css.view} ${inPane ? css.inPane : ""}`}>
      <header className="col">
        <div className={css.title}>
          <Heading style={{ fontSize: "var(--text-18)", lineHeight: "1.5rem" }}>
            <span className="num dim">R-{request.number}</span> {request.title}
          </Heading>
          <RequestStateMark state={request.state} />
        </div>
        <p className="dim">
          {request.initiator.name},{" "}
          <span title={dateTimeLong(request.created_at)}>{ago(request.created_at, now)}</span>
          {request.site && <> · {siteName(request.site)}</>} ·{" "}
          <span title={request.scenario}>{scenarioTitle(request.scenario)}</span>
        </p>
      </header>
      <Cautions rows={request.changes} />
      <PhaseBar request={request} />
      <Ended request={request} />
      <NotDone request={request} />
      {request.state === "expired" && !request.state_reason && (
        <Note tone="warn" title="Expired">
          Approvals: {votesText(request.approvals)}. Nothing of it was carried out.
        </Note>
      )}
      <Again request={request} />
      <ChangedSince request={request} />
      <LeftOut request={request} />
      {request.reason && (
        <blockquote className="card" style={{ margin: 0 }}>
          <div className="dim small">Reason given</div>
          {request.reason}
        </blockquote>
      )}
      <Degraded scenario={isOpen(request.state) ? request.scenario : undefined} />
      <Review request={request} />
      <Hold request={request} />
      <Decision request={request} />
      <Numbers request={request} />
      <Diff request={request} />
      {request.approved_targets > 0 || request.progress?.total ? <Results request={request} /> : null}
      <div className={css.columns}>
        <People request={request} />
        <Timeline request={request} />
      </div>
      <Comments request={request} />
    </article>
  );
}

/** Why it ended, unless the request that took its place says so. */
function Ended({ request }: { request: Request }) {
  const ending = endingOf(request);
  if (!ending || request.superseded_by) return null;
  return (
    <Note tone="warn" title={ending.title}>
      {ending.words && <span className={css.words}>{ending.words}</span>}
      {ending.advice}
    </Note>
  );
}

function Numbers({ request }: { request: Request }) {
  const { effect, measured, progress } = request;
  const less = request.approved_targets - request.targets;
  const fleet = isOp(request.action.action);
  if (!fleet && !progress?.total) return null;
  return (
    <Tiles>
      {fleet && (
        <Tile
          label="Devices"
          value={count(request.targets)}
          note={less > 0 ? `of ${count(request.approved_targets)} as submitted` : undefined}
        />
      )}
      {fleet && (
        <Tile
          label="Power, estimated"
          value={deltaPower(effect.delta_w)}
          note={
            effect.unknown > 0
              ? `${effect.delta_w === null ? "" : "no estimate "}for ${plural(effect.unknown, "device")}`
              : `${power(effect.before_w)} → ${power(effect.after_w)}${basisText(effect)}`
          }
        />
      )}
      {measured && (
        <Tile
          label="Power, measured"
          value={measured.delta_w === null ? NONE : deltaPower(measured.delta_w)}
          note={measuredText(measured)}
        />
      )}
      {progress && (
        <Tile
          label="Results"
          value={`${count(progress.ok)} ok`}
          note={`${count(progress.failed)} not done, ${count(progress.done)} of ${count(progress.total)} ended`}
        />
      )}
    </Tiles>
  );
}
