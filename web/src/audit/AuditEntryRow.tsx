import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { AuditEntry } from "../api/types";
import { useSite } from "../shell/site";
import { dateTime, dateTimeLong } from "../ui/format";
import css from "./Audit.module.css";

export function AuditEntryRow({ entry }: { entry: AuditEntry }) {
  const [open, setOpen] = useState(false);
  const site = useSite();
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <li className={css.entry}>
      <button type="button" className={css.line} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Chevron size={14} aria-hidden="true" />
        <span className="num dim">{entry.seq}</span>
        <time className="num dim small" dateTime={new Date(entry.at).toISOString()}>
          {dateTime(entry.at)}
        </time>
        <span className={`ellipsis ${css.who}`}>
          {entry.actor.name}{" "}
          {entry.actor.kind !== "user" && <span className="dim small">{entry.actor.kind}</span>}
        </span>
        <span className={css.summary}>{unbroken(entry.summary)}</span>
        <span className={`num dim small ${css.type}`}>{entry.type}</span>
      </button>
      {open && (
        <div className={css.detail}>
          <div className="small soft">
            {dateTimeLong(entry.at)}
            {entry.actor.id && (
              <>
                {" · "}
                <Link to="/s/$site/audit" params={{ site }} search={{ actor: entry.actor.id }}>
                  all by {entry.actor.name}
                </Link>
              </>
            )}
            {" · "}
            <Link to="/s/$site/audit" params={{ site }} search={{ type: entry.type }}>
              all {entry.type}
            </Link>
            {" · "}
            <Link to="/s/$site/audit/as-of" params={{ site }} search={{ seq: entry.seq }}>
              the account after this
            </Link>
            {entry.request && (
              <>
                {" · "}
                <Link to="/s/$site/audit" params={{ site }} search={{ request: `R-${entry.request.number}` }}>
                  all of R-{entry.request.number}
                </Link>
                {" · "}
                <Link to="/s/$site/requests/$id" params={{ site, id: entry.request.id }}>
                  open R-{entry.request.number}
                </Link>
              </>
            )}
          </div>
          {entry.changes && <pre className={css.changes}>{entry.changes}</pre>}
          <div className={`small num ${css.hash}`}>
            <span className="dim">hash</span> {entry.hash}
          </div>
          <pre className={`num ${css.json}`}>{JSON.stringify(entry.detail, null, 2)}</pre>
        </div>
      )}
    </li>
  );
}

/** A request's number stays on one line. */
function unbroken(text: string) {
  return text.split(/(R-\d+)/).map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
      <span key={index} style={{ whiteSpace: "nowrap" }}>
        {part}
      </span>
    ) : (
      part
    ),
  );
}
