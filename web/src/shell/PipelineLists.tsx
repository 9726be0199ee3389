// The five newest entries of each stage of the action chart, with the way to the rest.
import { useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { draftQuery, type RequestFilter, requestsQuery } from "../api/queries";
import type { RequestSummary } from "../api/types";
import { votesText } from "../requests/phases";
import { actionTitle } from "../ui/actions";
import { ago, deltaPower, plural } from "../ui/format";
import { usePrefs } from "../ui/prefs";
import { RequestStateMark } from "../ui/request-state";
import { useNow } from "../ui/use-now";
import css from "./Header.module.css";
import { useSite, useSitesInScope } from "./site";

interface ListProps {
  close: () => void;
}
const FEW = 5;
const FAILED = "failed,partially_executed";

const LIST = { draft: DraftList, review: ReviewList, running: RunningList, failed: FailedList };

/** The newest of a stage. */
export function PipelineList({ of, close }: ListProps & { of: keyof typeof LIST }) {
  const List = LIST[of];
  return <List close={close} />;
}

function DraftList({ close }: ListProps) {
  const site = useSite();
  const sites = useSitesInScope();
  const drafts = useQueries({ queries: sites.map((entry) => draftQuery(entry.id)) });
  const changes = drafts.flatMap((draft) => draft.data?.changes ?? []);
  const open = () => {
    close();
    usePrefs.setState({ draftOpen: true });
  };
  return (
    <>
      <h2>My draft</h2>
      {changes.length === 0 && (
        <p className="dim small">Empty. Select devices and choose an action to begin.</p>
      )}
      {changes.slice(0, FEW).map((change) => (
        <div key={change.id} className={css.entry}>
          {actionTitle(change.action)}
          <div className="small dim">
            {plural(change.effect.devices, "device")}, {deltaPower(change.effect.delta_w)}
          </div>
        </div>
      ))}
      {changes.length > 0 && (
        <div className={`${css.more} row between`}>
          <button type="button" className="link" onClick={open}>
            Open the draft
          </button>
          <Link to="/s/$site/review" params={{ site }} onClick={close}>
            Review and submit
          </Link>
        </div>
      )}
    </>
  );
}

function ReviewList({ close }: ListProps) {
  const site = useSite();
  return (
    <>
      <h2>Waiting for me</h2>
      <Requests filter={{ box: "needs_me" }} none="Nothing needs you." close={close} />
      <h2 style={{ marginTop: 10 }}>Mine, waiting for others</h2>
      <Requests
        filter={{ box: "mine", state: "pending" }}
        none="None of your requests waits."
        close={close}
      />
      <div className={css.more}>
        <Link to="/s/$site/approvals" params={{ site }} onClick={close}>
          Open the approvals
        </Link>
      </div>
    </>
  );
}

function RunningList({ close }: ListProps) {
  return (
    <>
      <h2>Running now</h2>
      <Requests filter={{ box: "all", state: "executing" }} none="Nothing is running." close={close} />
      <More state="executing" close={close}>
        All that are running
      </More>
    </>
  );
}

function FailedList({ close }: ListProps) {
  return (
    <>
      <h2>Latest with failures</h2>
      <Requests filter={{ box: "done", state: FAILED }} none="No request has failed." close={close} />
      <More state={FAILED} close={close}>
        All with failures
      </More>
    </>
  );
}

function More({ state, close, children }: ListProps & { state: string; children: string }) {
  const site = useSite();
  return (
    <div className={css.more}>
      <Link to="/s/$site/requests" params={{ site }} search={{ state }} onClick={close}>
        {children}
      </Link>
    </div>
  );
}

function Requests({ filter, none, close }: ListProps & { filter: RequestFilter; none: string }) {
  const { data, isPending, isError } = useInfiniteQuery(requestsQuery(filter, FEW));
  const items = data?.pages[0]?.items ?? [];
  if (isPending) return <p className="dim small">Loading…</p>;
  if (isError) return <p className="bad small">The list could not be loaded.</p>;
  if (items.length === 0) return <p className="dim small">{none}</p>;
  return items.slice(0, FEW).map((request) => <Entry key={request.id} request={request} close={close} />);
}

function Entry({ request, close }: ListProps & { request: RequestSummary }) {
  const site = useSite();
  const now = useNow();
  const { progress } = request;
  return (
    <Link to="/s/$site/requests/$id" params={{ site, id: request.id }} className={css.entry} onClick={close}>
      <span className="row between">
        <span className="ellipsis">{request.title}</span>
        <span className="num dim small">R-{request.number}</span>
      </span>
      <span className="row between small dim">
        <span>
          {request.initiator.name}, {ago(request.created_at, now)}
        </span>
        {request.state === "pending" ? (
          <span className="num">{votesText(request.approvals)}</span>
        ) : (
          <RequestStateMark state={request.state} />
        )}
      </span>
      {progress && progress.total > 0 && request.state === "executing" && (
        <span className={css.progress}>
          <i style={{ transform: `scaleX(${progress.done / progress.total})` }} />
        </span>
      )}
      {progress && progress.failed > 0 && request.state === "executing" && (
        <span className="bad small">{plural(progress.failed, "target")} not done so far</span>
      )}
    </Link>
  );
}
