import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconArchive, IconArchiveOff, IconClock, IconClockOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { InboxItem } from "../api/types";
import { votesText } from "../requests/phases";
import { useSite } from "../shell/site";
import { ChangesLine } from "../ui/changes";
import { ago, dateTime, dateTimeLong, until } from "../ui/format";
import { RequestStateMark } from "../ui/request-state";
import css from "./Inbox.module.css";
import { laters } from "./later";
import { placeOf } from "./place";
import type { Tab } from "./search";

/** One thing that I was told: it opens what it is about, and can be put away or off. */
export function Entry({
  item,
  tab,
  now,
  current,
  onOpen,
  onDone,
  onSnooze,
}: {
  item: InboxItem;
  tab: Tab;
  now: number;
  current: boolean;
  onOpen: () => void;
  onDone: () => void;
  /** Until when; null: at once again. */
  onSnooze: (at: number | null) => void;
}) {
  const place = placeOf(item, useSite());
  const unread = item.read_at === null && item.done_at === null && !item.standing;
  const body = (
    <>
      <span className={css.line}>
        <span className={`ellipsis ${unread ? css.unread : ""}`}>{item.about}</span>
        <time
          className="dim small num"
          dateTime={new Date(item.at).toISOString()}
          title={dateTimeLong(item.at)}
        >
          {ago(item.at, now)}
        </time>
      </span>
      {item.request && <ChangesLine text={item.request.changes_line} />}
      <span className={`${css.facts} small soft`}>
        {unread && <span className="sr">Unread.</span>}
        <span>{sentence(item.says)}</span>
        {item.request && <RequestStateMark state={item.request.state} />}
        {item.request?.state === "pending" && (
          <span>
            <span className="num">{votesText(item.request.approvals)}</span>, expires{" "}
            {until(item.request.approve_deadline, now)}
          </span>
        )}
        {tab === "snoozed" && item.snoozed_until !== null && (
          <span>comes back {dateTime(item.snoozed_until)}</span>
        )}
      </span>
    </>
  );
  return (
    <li className={css.item} data-current={current || undefined}>
      {unread && <i className={css.dot} aria-hidden="true" />}
      {place ? (
        <Link
          {...place}
          className={css.body}
          data-item={item.id}
          onClick={(event) => {
            event.preventDefault();
            onOpen();
          }}
        >
          {body}
        </Link>
      ) : (
        <button type="button" className={css.body} data-item={item.id} onClick={onOpen}>
          {body}
        </button>
      )}
      {!item.standing && (
        <div className={css.actions}>
          {tab === "snoozed" ? (
            <Tooltip label="Show it again now (h)">
              <ActionIcon
                variant="subtle"
                size={32}
                aria-label={`Show ${item.about} again now`}
                onClick={() => onSnooze(null)}
              >
                <IconClockOff size={17} stroke={1.6} aria-hidden="true" />
              </ActionIcon>
            </Tooltip>
          ) : (
            tab !== "done" && <LaterMenu item={item} now={now} onSnooze={onSnooze} />
          )}
          {tab !== "done" ? (
            <Tooltip label="Done (e)">
              <ActionIcon variant="subtle" size={32} aria-label={`Done: ${item.about}`} onClick={onDone}>
                <IconArchive size={17} stroke={1.6} aria-hidden="true" />
              </ActionIcon>
            </Tooltip>
          ) : (
            item.done_at !== null && (
              <Tooltip label="Back to the inbox (e)">
                <ActionIcon
                  variant="subtle"
                  size={32}
                  aria-label={`Back to the inbox: ${item.about}`}
                  onClick={onDone}
                >
                  <IconArchiveOff size={17} stroke={1.6} aria-hidden="true" />
                </ActionIcon>
              </Tooltip>
            )
          )}
        </div>
      )}
    </li>
  );
}

function LaterMenu({
  item,
  now,
  onSnooze,
}: {
  item: InboxItem;
  now: number;
  onSnooze: (at: number) => void;
}) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label="Put off (h: for 4 hours)">
          <ActionIcon variant="subtle" size={32} aria-label={`Put off ${item.about}`}>
            <IconClock size={17} stroke={1.6} aria-hidden="true" />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {laters(now).map((later) => (
          <Menu.Item key={later.word} onClick={() => onSnooze(later.at)}>
            {later.word} <span className="dim small num">{dateTime(later.at)}</span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function sentence(says: string): string {
  return `${says.charAt(0).toUpperCase()}${says.slice(1)}`;
}
