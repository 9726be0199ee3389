import { ActionIcon } from "@mantine/core";
import { IconInbox } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { inboxCountsQuery } from "../api/inbox";
import { useSite } from "../shell/site";
import { plural } from "../ui/format";
import css from "./Inbox.module.css";

/** The way to the inbox, with how much in it is new or asked of me; votes are counted at the approvals. */
export function InboxBell() {
  const site = useSite();
  const { data } = useQuery(inboxCountsQuery);
  const waiting = data ? data.asked + data.unread : 0;
  const word = waiting > 0 ? `Inbox: ${plural(waiting, "new thing")}` : "Inbox";
  return (
    <span className={css.bell}>
      <ActionIcon
        variant="subtle"
        size={34}
        aria-label={word}
        title={word}
        renderRoot={(props) => <Link to="/s/$site/inbox" params={{ site }} search={{}} {...props} />}
      >
        <IconInbox size={18} stroke={1.6} aria-hidden="true" />
      </ActionIcon>
      {waiting > 0 && (
        <b className={`${css.count} num`} aria-hidden="true">
          {waiting > 99 ? "99+" : waiting}
        </b>
      )}
    </span>
  );
}
