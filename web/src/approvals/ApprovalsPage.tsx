import { Button, Tabs } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconChecklist } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { overviewQuery, requestsQuery } from "../api/queries";
import type { Box, RequestSummary } from "../api/types";
import { Degraded } from "../requests/Degraded";
import { votesText } from "../requests/phases";
import { RequestView } from "../requests/RequestView";
import { useSite } from "../shell/site";
import { isOp } from "../ui/actions";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { ago, deltaPower, plural, until } from "../ui/format";
import { RequestStateMark } from "../ui/request-state";
import { useKeys } from "../ui/use-keys";
import { useNow } from "../ui/use-now";
import css from "./Approvals.module.css";
import { BOXES } from "./search";

const route = getRouteApi("/s/$site/approvals");

const WORD: Record<Box, string> = { needs_me: "Needs me", mine: "Mine", all: "All", done: "Done" };
const NONE: Record<Box, [string, string]> = {
  needs_me: ["Nothing needs you", "Requests that wait for your decision appear here by themselves."],
  mine: [
    "You have submitted nothing",
    "What you submit from the draft appears here, with its way to the result.",
  ],
  all: ["No requests yet", "Every request of the sites you see appears here."],
  done: ["Nothing has ended yet", "Requests stay here after they ran, were rejected, cancelled or expired."],
};

export function ApprovalsPage() {
  const site = useSite();
  const { tab = "needs_me", request } = route.useSearch();
  const navigate = route.useNavigate();
  const go = useNavigate();
  const twoPanes = useMediaQuery("(min-width: 1001px)", true);
  const { data: overview } = useQuery(overviewQuery(site));
  const query = useInfiniteQuery(requestsQuery({ box: tab }));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const list = useRef<HTMLUListElement>(null);
  const chosen = items.find((item) => item.id === request) ?? (request ? undefined : items[0]);
  const shown = request ?? chosen?.id;

  const select = (step: number) => {
    const at = items.findIndex((item) => item.id === shown);
    const next = items[Math.max(0, Math.min(items.length - 1, at + step))];
    if (!next) return;
    void navigate({ search: { tab, request: next.id }, replace: true });
    list.current?.querySelector<HTMLElement>(`[data-request="${next.id}"]`)?.focus();
  };
  useKeys({
    j: () => select(1),
    k: () => select(-1),
    Enter: () => shown && void go({ to: "/s/$site/requests/$id", params: { site, id: shown } }),
  });

  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>Approvals</h1>
        <Degraded any />
        <Tabs
          value={tab}
          onChange={(value) => void navigate({ search: { tab: BOXES.find((box) => box === value) } })}
          aria-label="Requests"
        >
          <Tabs.List style={{ flexWrap: "nowrap" }}>
            {BOXES.map((box) => (
              <Tabs.Tab key={box} value={box}>
                {WORD[box]}
                {box === "needs_me" && overview && overview.chart.waiting_me > 0 && (
                  <span className="num"> {overview.chart.waiting_me}</span>
                )}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
      </header>
      <section className={css.list} aria-label={WORD[tab]}>
        {query.isPending ? (
          <div style={{ padding: 16 }}>
            <Waiting rows={5} height={60} />
          </div>
        ) : query.isError && items.length === 0 ? (
          <LoadError error={query.error} retry={() => void query.refetch()} />
        ) : items.length === 0 ? (
          <Empty title={NONE[tab][0]} icon={<IconChecklist size={28} aria-hidden="true" className="dim" />}>
            <p>{NONE[tab][1]}</p>
          </Empty>
        ) : (
          <>
            <ul className="plain" ref={list}>
              {items.map((item) => (
                <li key={item.id}>
                  <Entry item={item} tab={tab} current={twoPanes && item.id === shown} beside={twoPanes} />
                </li>
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
      {twoPanes && (
        <section className={css.detail} aria-label="Request">
          {shown ? (
            <RequestView id={shown} inPane key={shown} />
          ) : (
            !query.isPending && <Empty title="Choose a request to read it here" />
          )}
        </section>
      )}
    </div>
  );
}

function Entry({
  item,
  tab,
  current,
  beside,
}: {
  item: RequestSummary;
  tab: Box;
  current: boolean;
  beside: boolean;
}) {
  const site = useSite();
  const now = useNow();
  const body = (
    <>
      <span className={css.line}>
        <b className="ellipsis">{item.title}</b>
        <span className="num dim small">R-{item.number}</span>
      </span>
      <span className={`${css.line} small soft`}>
        <span className="ellipsis">
          {item.initiator.name}, {ago(item.created_at, now)}
        </span>
        {isOp(item.action.action) && (
          <span className="num" style={{ whiteSpace: "nowrap" }}>
            {deltaPower(item.effect.delta_w)}
          </span>
        )}
      </span>
      <span className={`${css.line} small`}>
        <RequestStateMark state={item.state} />
        {item.state === "pending" ? (
          <span className="soft">
            <span className="num">{votesText(item.approvals)}</span>, expires{" "}
            {until(item.approve_deadline, now)}
          </span>
        ) : (
          item.progress !== null &&
          item.progress.total > 0 && (
            <span className="num dim">
              {item.progress.done}/{item.progress.total}
            </span>
          )
        )}
      </span>
      {item.targets < item.approved_targets && (
        <span className="small warn">
          {plural(item.approved_targets - item.targets, "device")} taken by later requests
        </span>
      )}
    </>
  );
  if (!beside)
    return (
      <Link to="/s/$site/requests/$id" params={{ site, id: item.id }} className={css.entry}>
        {body}
      </Link>
    );
  return (
    <Link
      to="/s/$site/approvals"
      params={{ site }}
      search={{ tab, request: item.id }}
      className={css.entry}
      aria-current={current}
      data-request={item.id}
    >
      {body}
    </Link>
  );
}
