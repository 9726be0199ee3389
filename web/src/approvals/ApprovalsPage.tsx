import { Button } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { IconChecklist } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { overviewQuery, requestsQuery } from "../api/queries";
import type { RequestSummary } from "../api/types";
import { Degraded } from "../requests/Degraded";
import { runText, votesText } from "../requests/phases";
import { RequestView } from "../requests/RequestView";
import { useSite } from "../shell/site";
import { isOp } from "../ui/actions";
import { ChangesLine } from "../ui/changes";
import { ago, count, deltaPower, plural, until } from "../ui/format";
import { Listing, ListingHead, stepped } from "../ui/listing";
import { RequestStateMark } from "../ui/request-state";
import { useKeys } from "../ui/use-keys";
import { useNow } from "../ui/use-now";
import { AlikeDialog } from "./AlikeDialog";
import css from "./Approvals.module.css";
import { alike } from "./alike";
import { BOXES } from "./search";

const route = getRouteApi("/s/$site/approvals");

type Tab = (typeof BOXES)[number];
const WORD: Record<Tab, string> = { needs_me: "Needs me", mine: "Mine", all: "All that wait" };
const NONE: Record<Tab, [string, string]> = {
  needs_me: ["Nothing needs you", "Requests that wait for your decision appear here by themselves."],
  mine: ["Nothing of yours waits", "What you submit stays here until others have decided it."],
  all: ["Nothing waits for approval", "Whoever's turn it is, what waits for it appears here."],
};

export function ApprovalsPage() {
  const site = useSite();
  const { tab = "needs_me", request } = route.useSearch();
  const navigate = route.useNavigate();
  const go = useNavigate();
  const twoPanes = useMediaQuery("(min-width: 1001px)", true);
  const { data: overview } = useQuery(overviewQuery(site));
  const query = useInfiniteQuery(requestsQuery({ box: tab, state: "pending" }));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const list = useRef<HTMLUListElement>(null);
  const chosen = items.find((item) => item.id === request) ?? (request ? undefined : items[0]);
  const shown = request ?? chosen?.id;

  const [together, ask] = useDisclosure(false);
  const same =
    tab === "needs_me"
      ? alike(
          items,
          items.find((item) => item.id === shown),
        )
      : [];

  const here = items.findIndex((item) => item.id === shown);
  // Where the shown one stood, once it has left the list: those behind it have moved up into its place.
  const place = useRef(0);
  if (here >= 0) place.current = here;

  const select = (step: number) => {
    const next = here >= 0 ? stepped(items, here, step) : stepped(items, place.current, step > 0 ? 0 : step);
    if (!next) return;
    void navigate({ search: { tab, request: next.id }, replace: true });
    list.current?.querySelector<HTMLElement>(`[data-request="${next.id}"]`)?.focus();
  };
  const open = () => shown && void go({ to: "/s/$site/requests/$id", params: { site, id: shown } });
  useKeys("approvals", { j: () => select(1), k: () => select(-1), Enter: open });

  return (
    <div className={css.page}>
      <ListingHead
        title="Approvals"
        label="Requests"
        tabs={BOXES}
        words={WORD}
        counts={{ needs_me: overview?.chart.waiting_me }}
        tab={tab}
        onTab={(next) => void navigate({ search: { tab: next } })}
        before={<Degraded any />}
        after={
          <div className="row">
            <Link to="/s/$site/requests" params={{ site }} className="row" style={{ minHeight: 28 }}>
              All requests
            </Link>
            {same.length > 0 && (
              <Button variant="default" onClick={ask.open}>
                Approve {count(same.length)} alike…
              </Button>
            )}
          </div>
        }
      />
      <Listing
        className={css.list}
        label={WORD[tab]}
        query={query}
        count={items.length}
        none={NONE[tab]}
        icon={IconChecklist}
        height={60}
      >
        <ul className="plain" ref={list}>
          {items.map((item) => (
            <li key={item.id}>
              <Entry
                item={item}
                tab={tab}
                current={twoPanes && item.id === shown}
                beside={twoPanes}
                open={open}
              />
            </li>
          ))}
        </ul>
      </Listing>
      {together && <AlikeDialog items={same} onClose={ask.close} />}
      {twoPanes && (
        <section className={css.detail} aria-label="Request">
          {shown && <RequestView id={shown} inPane key={shown} />}
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
  open,
}: {
  item: RequestSummary;
  tab: Tab;
  current: boolean;
  beside: boolean;
  /** The shown one, on its own page. */
  open: () => void;
}) {
  const site = useSite();
  const now = useNow();
  const body = (
    <>
      <span className={css.line}>
        <b className="ellipsis">{item.title}</b>
        <span className="num dim small" style={{ whiteSpace: "nowrap" }}>
          R-{item.number}
        </span>
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
      <ChangesLine text={item.changes_line} />
      <span className={`${css.line} small`}>
        <RequestStateMark state={item.state} />
        {item.state === "pending" ? (
          <span className="soft nowrap" title="Approvals, and when it expires">
            <span className="num">{votesText(item.approvals)}</span> · {until(item.approve_deadline, now)}
          </span>
        ) : (
          item.progress !== null &&
          item.progress.total > 0 && (
            <span className="num dim">{runText(item.progress, item.ended_at !== null)}</span>
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
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !current) return;
        event.preventDefault();
        open();
      }}
    >
      {body}
    </Link>
  );
}
