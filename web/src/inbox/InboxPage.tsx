import { Button, Tabs } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconInbox, IconMail } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { type InboxMark, inboxCountsQuery, inboxQuery, markItems } from "../api/inbox";
import type { InboxItem, InboxTab } from "../api/types";
import { useSite } from "../shell/site";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { refused, told } from "../ui/toast";
import { useKeys } from "../ui/use-keys";
import { useNow } from "../ui/use-now";
import { Entry } from "./Entry";
import css from "./Inbox.module.css";
import { LettersDialog } from "./LettersDialog";
import { laters } from "./later";
import { placeOf } from "./place";
import { TABS } from "./search";

const route = getRouteApi("/s/$site/inbox");

const WORD: Record<InboxTab, string> = { needs_me: "Needs me", mine: "Mine", snoozed: "Later", done: "Done" };
const NONE: Record<InboxTab, [string, string]> = {
  needs_me: ["Nothing needs you", "What waits for your decision appears here by itself."],
  mine: ["No news", "How your requests end, and what changes about your roles, appears here."],
  snoozed: ["Nothing is put off", "What you put off stays here until it comes back."],
  done: ["Nothing is done yet", "What you put away, and what others have decided, stays here."],
};

export function InboxPage() {
  const site = useSite();
  const { tab = "needs_me" } = route.useSearch();
  const navigate = route.useNavigate();
  const go = useNavigate();
  const now = useNow();
  const [letters, lettersDialog] = useDisclosure(false);
  const { data: counts } = useQuery(inboxCountsQuery);
  const query = useInfiniteQuery(inboxQuery(tab));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const list = useRef<HTMLUListElement>(null);
  const [chosen, setChosen] = useState<string>();
  const current = items.find((item) => item.id === chosen) ?? items[0];

  const step = (by: number) => {
    const at = items.findIndex((item) => item.id === current?.id);
    // The first key chooses the first item; each further one goes on from there.
    const next = chosen ? items[Math.max(0, Math.min(items.length - 1, at + by))] : items[0];
    if (!next) return;
    setChosen(next.id);
    list.current?.querySelector<HTMLElement>(`[data-item="${next.id}"]`)?.focus();
  };
  const open = (item: InboxItem) => {
    if (item.read_at === null) void markItems([item.id], { read: true }).catch(refused);
    const place = placeOf(item, site);
    if (place) void go(place);
  };
  const mark = (item: InboxItem, mark: InboxMark, word: string, back: InboxMark) => {
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
  useKeys({
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
      <header className={css.head}>
        <h1>Inbox</h1>
        <Tabs
          value={tab}
          onChange={(value) => void navigate({ search: { tab: TABS.find((known) => known === value) } })}
          aria-label="What you were told"
        >
          <Tabs.List style={{ flexWrap: "nowrap" }}>
            {TABS.map((known) => (
              <Tabs.Tab key={known} value={known}>
                {WORD[known]}
                {known === "needs_me" && counts !== undefined && counts.needs_me > 0 && (
                  <span className="num"> {counts.needs_me}</span>
                )}
                {known === "mine" && counts !== undefined && counts.unread > 0 && (
                  <span className="num"> {counts.unread}</span>
                )}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
        <Button
          className={css.letters}
          variant="default"
          leftSection={<IconMail size={14} aria-hidden="true" />}
          onClick={lettersDialog.open}
        >
          Letters…
        </Button>
      </header>
      <section className={css.list} aria-label={WORD[tab]}>
        {query.isPending ? (
          <div style={{ padding: 16 }}>
            <Waiting rows={6} height={52} />
          </div>
        ) : query.isError && items.length === 0 ? (
          <LoadError error={query.error} retry={() => void query.refetch()} />
        ) : items.length === 0 ? (
          <Empty title={NONE[tab][0]} icon={<IconInbox size={28} aria-hidden="true" className="dim" />}>
            <p>{NONE[tab][1]}</p>
          </Empty>
        ) : (
          <>
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
            {query.hasNextPage && (
              <div className={css.more}>
                <Button
                  variant="default"
                  loading={query.isFetchingNextPage}
                  onClick={() => void query.fetchNextPage()}
                >
                  Show more
                </Button>
              </div>
            )}
          </>
        )}
      </section>
      <LettersDialog opened={letters} onClose={lettersDialog.close} />
    </div>
  );
}
