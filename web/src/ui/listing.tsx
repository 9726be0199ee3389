import { Button, Tabs } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Empty, LoadError, Waiting } from "./feedback";
import { count as number } from "./format";
import css from "./listing.module.css";

/** The head of a page that is one long list: its name, what else stands there, and the tabs. */
export function ListingHead<Tab extends string>({
  title,
  label,
  tabs,
  words,
  counts,
  tab,
  onTab,
  before,
  after,
}: {
  title: string;
  /** What the tabs divide. */
  label: string;
  tabs: readonly Tab[];
  words: Record<Tab, string>;
  /** Shown behind a word unless it is 0. */
  counts: Partial<Record<Tab, number>>;
  tab: Tab;
  onTab: (tab: Tab | undefined) => void;
  before?: ReactNode;
  after?: ReactNode;
}) {
  return (
    <header className={css.head}>
      <h1>{title}</h1>
      {before}
      <Tabs value={tab} onChange={(value) => onTab(tabs.find((known) => known === value))} aria-label={label}>
        <Tabs.List style={{ flexWrap: "nowrap" }}>
          {tabs.map((known) => (
            <Tabs.Tab key={known} value={known}>
              {words[known]}
              {counts[known] ? <span className="num"> {number(counts[known])}</span> : null}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      {after && <div className={css.after}>{after}</div>}
    </header>
  );
}

interface Pages {
  isPending: boolean;
  isError: boolean;
  error: unknown;
  refetch: () => unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** A list that comes in pages: while it waits, when it failed, when it is empty, and the rest of it on demand. */
export function Listing({
  label,
  query,
  count,
  none: [title, sentence],
  icon: Shape,
  height,
  className = "",
  children,
}: {
  label: string;
  query: Pages;
  count: number;
  none: [string, string];
  icon: Icon;
  /** Of an entry, in px. */
  height: number;
  className?: string;
  children: ReactNode;
}) {
  return (
    <section className={`${css.list} ${className}`} aria-label={label}>
      {query.isPending ? (
        <div style={{ padding: 16 }}>
          <Waiting rows={6} height={height} />
        </div>
      ) : query.isError && count === 0 ? (
        <LoadError error={query.error} retry={() => void query.refetch()} />
      ) : count === 0 && !query.hasNextPage ? (
        <Empty title={title} icon={<Shape size={28} aria-hidden="true" className="dim" />}>
          <p>{sentence}</p>
        </Empty>
      ) : (
        <>
          {children}
          {query.hasNextPage && (
            <div className={css.more}>
              {count === 0 && <p className="dim">Nothing among the newest.</p>}
              <Button
                variant="default"
                loading={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                {count === 0 ? "Look further back" : "Show more"}
              </Button>
            </div>
          )}
        </>
      )}
    </section>
  );
}

/** The item that a key leads to, staying at the ends. */
export function stepped<Item>(items: readonly Item[], at: number, by: number): Item | undefined {
  return items[Math.max(0, Math.min(items.length - 1, at + by))];
}
