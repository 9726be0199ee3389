import { IconCircleCheckFilled, IconCircleXFilled, IconPencil } from "@tabler/icons-react";
import type { Request } from "../api/types";
import { CopyIcon } from "../ui/copy-icon";
import { dateTime, dateTimeLong, plural, shortHash } from "../ui/format";
import { isOpen } from "../ui/request-states";
import { votesText } from "./phases";
import css from "./Requests.module.css";

/** Who decided, who still may, and on exactly what. */
export function People({ request }: { request: Request }) {
  const { have } = request.approvals;
  const counted = request.votes.filter((vote) => vote.counts && vote.withdrawn_at === null);
  const initiatorCounts = have > counted.filter((vote) => vote.decision === "approve").length;
  return (
    <section className="card col gap3" aria-label="Approvals">
      <div className="row between">
        <h2>Approvals</h2>
        <span className="num">{votesText(request.approvals)}</span>
      </div>
      <p className="soft small">{request.rule.sentence}</p>
      <ul className="plain col">
        <li className={css.person}>
          {initiatorCounts ? (
            <IconCircleCheckFilled size={16} className="good" aria-hidden="true" />
          ) : (
            <IconPencil size={16} className="dim" aria-hidden="true" />
          )}
          <div>
            <b>{request.initiator.name}</b> submitted it
            <span className="dim small">
              {" "}
              {dateTime(request.created_at)}
              {initiatorCounts ? ", which counts as an approval" : ", which does not count as an approval"}
            </span>
          </div>
        </li>
        {request.votes.map((vote) => {
          // A rejection ends the request: it is not one of the approvals that count.
          const off = vote.withdrawn_at !== null || (vote.decision === "approve" && !vote.counts);
          return (
            <li key={`${vote.voter.id} ${vote.at}`} className={css.person}>
              {vote.decision === "approve" ? (
                <IconCircleCheckFilled size={16} className={off ? "dim" : "good"} aria-hidden="true" />
              ) : (
                <IconCircleXFilled size={16} className="bad" aria-hidden="true" />
              )}
              <div>
                <span className={off ? css.void : undefined}>
                  <b>{vote.voter.name}</b> {vote.decision === "approve" ? "approved" : "rejected"}
                </span>
                <span className="dim small">
                  {" "}
                  {dateTime(vote.at)}
                  {vote.withdrawn_at !== null && ", withdrawn"}
                  {vote.withdrawn_at === null && off && ", does not count"}
                </span>
                {vote.comment && <div className="soft">“{vote.comment}”</div>}
              </div>
            </li>
          );
        })}
      </ul>
      {isOpen(request.state) && request.who_can.length > 0 && (
        <p className="small">
          <span className="dim">May still decide: </span>
          {request.who_can.map((user) => user.name).join(", ")}
        </p>
      )}
      <div className="small dim row between wrap">
        <span className={css.hash}>
          Content <span className="num">{shortHash(request.content_hash)}</span>
          <CopyIcon value={request.content_hash} what="the full content hash" />
        </span>
        <span>
          revision <span className="num">{request.revision}</span>,{" "}
          {request.policy_version === 0 ? "rule as delivered" : `rule version ${request.policy_version}`}
        </span>
      </div>
    </section>
  );
}

export function Timeline({ request }: { request: Request }) {
  return (
    <section className="card col gap3" aria-label="Timeline">
      <h2>
        Timeline <span className="num dim">{plural(request.timeline.length, "entry", "entries")}</span>
      </h2>
      <ol className={css.timeline}>
        {request.timeline.map((entry) => (
          <li key={entry.seq}>
            <div>{entry.what}</div>
            <div className="dim small">
              <time
                dateTime={new Date(entry.at).toISOString()}
                title={dateTimeLong(entry.at)}
                className="num"
              >
                {dateTime(entry.at)}
              </time>
              {entry.by && `, ${entry.by.name}`}
              <span className="num"> · log {entry.seq}</span>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
