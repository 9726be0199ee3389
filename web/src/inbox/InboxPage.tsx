import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconInbox, IconMail } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { type InboxMark, inboxCountsQuery, inboxQuery, markItems } from "../api/inbox";
import { overviewQuery } from "../api/queries";
import type { InboxItem } from "../api/types";
import { useSite } from "../shell/site";
import { plural } from "../ui/format";
import { Listing, ListingHead, stepped } from "../ui/listing";
import { refused, told } from "../ui/toast";
import { useKeys } from "../ui/use-keys";
import { useNow } from "../ui/use-now";
import { Entry } from "./Entry";
import css from "./Inbox.module.css";
import { LettersDialog } from "./LettersDialog";
import { laters } from "./later";
import { placeOf } from "./place";
import { TABS, type Tab } from "./search";

const route = getRouteApi("/s/$site/inbox");

const WORD: Record<Tab, string> = { mine: "News", asked: "Asked of you", snoozed: "Later", done: "Done" };
const NONE: Record<Tab, [string, string]> = {
  asked: [
    "Nothing is asked of you",
    "Offers, reviews and agents that hide their devices appear here; what waits for your vote is under Approvals.",
  ],
  mine: ["No news", "How your requests end, and what changes about your roles, appears here."],
  snoozed: ["Nothing is put off", "What you put off stays here until it comes back."],
  done: ["Nothing is done yet", "What you put away, and what others have decided, stays here."],
};

export function InboxPage() {
  const site = useSite();
  const { tab = "mine" } = route.useSearch();
  const navigate = route.useNavigate();
  const go = useNavigate();
  const now = useNow();
  const [letters, lettersDialog] = useDisclosure(false);
  const { data: counts } = useQuery(inboxCountsQuery);
  const votes = useQuery(overviewQuery(site)).data?.chart.waiting_me ?? 0;
  const query = useInfiniteQuery(inboxQuery(tab));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const list = useRef<HTMLUListElement>(null);
  const [chosen, setChosen] = useState<string>();
  const current = items.find((item) => item.id === chosen) ?? items[0];

  const step = (by: number) => {
    const at = items.findIndex((item) => item.id === current?.id);
    // The first key chooses the first item; each further one goes on from there.
    const next = chosen ? stepped(items, at, by) : items[0];
    if (!next) return;
    setChosen(next.id);
    list.current?.querySelector<HTMLElement>(`[data-item="${next.id}"]`)?.focus();
  };
  const open = (item: InboxItem) => {
    if (item.read_at === null && !item.standing) void markItems([item.id], { read: true }).catch(refused);
    const place = placeOf(item, site);
    if (place) void go(place);
  };
  const mark = (item: InboxItem, mark: InboxMark, word: string, back: InboxMark) => {
    if (item.standing) return;
    const at = items.findIndex((other) => other.id === item.id);
    setChosen((items[at + 1] ?? items[at - 1])?.id);
    markItems([item.id], mark).then(
      () =>
        told(
          word,
          <button
            type="button"
            className="link"
            onClick={() => void markItems([item.id], back).catch(refused)}
          >
            Undo
          </button>,
        ),
      refused,
    );
  };
  const done = (item: InboxItem) =>
    tab === "done"
      ? item.done_at !== null && mark(item, { done: false }, "Back in the inbox", { done: true })
      : mark(item, { done: true, read: true }, "Done", { done: false });
  const snooze = (item: InboxItem, at: number | null) =>
    at === null
      ? mark(item, { snoozed_until: null }, "Back in the inbox", { snoozed_until: item.snoozed_until })
      : mark(item, { snoozed_until: at }, "Put off", { snoozed_until: null });
  useKeys("inbox", {
    j: () => step(1),
    k: () => step(-1),
    Enter: () => current && open(current),
    e: () => current && done(current),
    h: () => {
      const [, later] = laters(Date.now());
      if (current && tab !== "done") snooze(current, tab === "snoozed" || !later ? null : later.at);
    },
  });

  return (
    <div className={css.page}>
      <ListingHead
        title="Inbox"
        label="What you were told"
        tabs={TABS}
        words={WORD}
        counts={{ asked: counts?.asked, mine: counts?.unread }}
        tab={tab}
        onTab={(next) => void navigate({ search: { tab: next } })}
        before={votes > 0 && <Votes count={votes} />}
        after={
          <Button
            variant="default"
            leftSection={<IconMail size={14} aria-hidden="true" />}
            onClick={lettersDialog.open}
          >
            Letters…
          </Button>
        }
      />
      <Listing
        label={WORD[tab]}
        query={query}
        count={items.length}
        none={NONE[tab]}
        icon={IconInbox}
        height={52}
      >
        <ul className="plain" ref={list}>
          {items.map((item) => (
            <Entry
              key={item.id}
              item={item}
              tab={tab}
              now={now}
              current={item.id === chosen}
              onOpen={() => open(item)}
              onDone={() => done(item)}
              onSnooze={(at) => snooze(item, at)}
            />
          ))}
        </ul>
      </Listing>
      <LettersDialog opened={letters} onClose={lettersDialog.close} />
    </div>
  );
}

/** What waits for a vote stands among the approvals, and is not repeated here. */
function Votes({ count }: { count: number }) {
  const site = useSite();
  return (
    <Link to="/s/$site/approvals" params={{ site }} className={css.votes}>
      {plural(count, "request waits", "requests wait")} for your decision
    </Link>
  );
}
