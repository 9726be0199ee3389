import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { itemsQuery } from "../api/queries";
import type { Item, Request } from "../api/types";
import { isOp } from "../ui/actions";
import { LoadError, Waiting } from "../ui/feedback";
import { count, dateTime, NONE } from "../ui/format";
import { Follow } from "./Follow";
import { powerText, STATE_WORD, TONE, TONE_WORD, TONES, type Tone, tally } from "./items";
import { Mosaic, ToneMark } from "./Mosaic";
import css from "./Requests.module.css";

/** What became of each target, live. */
export function Results({ request }: { request: Request }) {
  const { data: items, error, refetch } = useQuery(itemsQuery(request.id));
  const [tone, setTone] = useState<Tone | null>(null);
  const rowPx = useMediaQuery("(max-width: 700px)", false) ? ROW_PX.narrow : ROW_PX.wide;
  const counts = useMemo(() => tally(items ?? []), [items]);
  const shown = useMemo(
    () => (tone === null ? (items ?? []) : (items ?? []).filter((item) => TONE[item.state] === tone)),
    [items, tone],
  );
  if (error) return <LoadError error={error} retry={() => void refetch()} />;
  if (!items) return <Waiting rows={3} height={40} />;
  if (items.length === 0) return null;
  return (
    <section className="col gap3" aria-label="Targets">
      <div className="row between wrap">
        <h2>
          Targets <span className="num dim">{count(items.length)}</span>
        </h2>
        <Follow request={request} items={items} />
      </div>
      {items.length > 1 && <Mosaic items={items} />}
      <div className={css.legend}>
        {TONES.filter((entry) => counts[entry] > 0).map((entry) => (
          <button
            key={entry}
            type="button"
            className={css.filter}
            aria-pressed={tone === entry}
            onClick={() => setTone(tone === entry ? null : entry)}
          >
            <ToneMark tone={entry} />
            {TONE_WORD[entry]} <span className="num">{count(counts[entry])}</span>
          </button>
        ))}
      </div>
      <ResultTable items={shown} devices={isOp(request.action.action)} rowPx={rowPx} key={rowPx} />
    </section>
  );
}

/** What was said of it, and the names that it gets where each target gets its own. */
const saidOf = ({ message, users }: Item) =>
  [
    message,
    ...(users ?? []).map(({ old, new: name }) => (old === null || old === name ? name : `${old} → ${name}`)),
  ]
    .filter((part) => part !== null)
    .join("; ");

/** On a phone each is a card of three lines. */
const ROW_PX = { wide: 34, narrow: 92 };

function ResultTable({ items, devices, rowPx }: { items: readonly Item[]; devices: boolean; rowPx: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 6,
    scrollMargin: 0,
  });
  return (
    <div
      ref={scroller}
      className={css.results}
      role="table"
      aria-label="Results"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it
      tabIndex={0}
      aria-rowcount={items.length + 1}
    >
      <div className={css.rHead} role="row" aria-rowindex={1}>
        <span role="columnheader">{devices ? "Device" : "Agent"}</span>
        <span role="columnheader">State</span>
        <span role="columnheader">Message</span>
        <span role="columnheader" className={css.r}>
          {devices ? "Power" : ""}
        </span>
        <span role="columnheader" className={css.r}>
          Time
        </span>
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((place) => {
          const item = items[place.index];
          if (!item) return null;
          return (
            <div
              key={item.index}
              className={css.rRow}
              role="row"
              aria-rowindex={place.index + 2}
              style={{ height: rowPx, transform: `translateY(${place.start}px)` }}
            >
              <span role="cell" title={`${item.target.model}, ${item.target.ip}`}>
                {item.target.name}
              </span>
              <span role="cell" className="row">
                <ToneMark tone={TONE[item.state]} />
                {STATE_WORD[item.state]}
              </span>
              <span role="cell" className="soft" title={saidOf(item) || undefined}>
                {saidOf(item)}
              </span>
              <span role="cell" className={`num ${css.r}`}>
                {devices && powerText(item)}
              </span>
              <span
                role="cell"
                className={`num dim ${css.r}`}
                title={item.at === null ? undefined : dateTime(item.at)}
              >
                {item.at === null ? NONE : (dateTime(item.at).split(", ")[1] ?? "")}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
