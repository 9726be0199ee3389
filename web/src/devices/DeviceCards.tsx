import { Select } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { DeviceRow } from "../api/types";
import { celsius, hashrate, power } from "../ui/format";
import { Status } from "../ui/status";
import { Marks } from "./columns";
import { type ListProps, SelectAll, Tick } from "./DeviceGrid";
import css from "./Devices.module.css";
import { SORTS, sortTitle } from "./search";
import { selection, useSelection } from "./selection";

const CARD_PX = 82;

/** The device list on a phone: one card each, the same order and selection as the table. */
export function DeviceCards({ rows, total, search, change, open, fetchMore, selectAll }: ListProps) {
  const picks = useSelection((state) => state.picks);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => CARD_PX,
    overscan: 6,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 1 && rows.length < total) fetchMore();
  }, [last, rows.length, total, fetchMore]);

  const sort = `${search.sort ?? "name"} ${search.order ?? "asc"}`;
  return (
    <div ref={scroller} className={css.cards}>
      <div className={css.cardSort}>
        <div className={css.headCell}>
          <SelectAll total={total} picked={picks.size} selectAll={selectAll} />
        </div>
        <Select
          size="xs"
          aria-label="Sort by"
          value={sort}
          allowDeselect={false}
          data={SORTS.flatMap(({ key }) => [
            { value: `${key} asc`, label: sortTitle(key) },
            { value: `${key} desc`, label: `${sortTitle(key)}, descending` },
          ])}
          onChange={(value) => {
            const [key, order] = (value ?? "name asc").split(" ");
            change({
              sort: SORTS.find((entry) => entry.key === key)?.key,
              order: order === "desc" ? "desc" : undefined,
            });
          }}
        />
      </div>
      <ul className="plain" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          const on = picks.has(row.id);
          return (
            <li
              key={row.id}
              className={css.card}
              data-picked={on}
              style={{ height: CARD_PX, transform: `translateY(${item.start}px)` }}
            >
              <button
                type="button"
                className={css.cardCheck}
                aria-pressed={on}
                aria-label={`Select ${row.name}`}
                onClick={() => selection.toggle(row)}
              >
                <Tick on={on} />
              </button>
              <button type="button" className={css.cardBody} onClick={() => open(row.id)}>
                <span className="row between">
                  <b className="ellipsis">{row.name}</b>
                  <Status status={row.status} />
                </span>
                <span className="row between small dim">
                  <span className="ellipsis">{row.model}</span>
                  <span className="num">{row.ip}</span>
                </span>
                <span className="row between small">
                  <Readings row={row} />
                  <span className="row">
                    <Marks row={row} />
                  </span>
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Readings({ row }: { row: DeviceRow }) {
  const known = [
    row.hashrate_ths !== null && hashrate(row.hashrate_ths),
    row.power_w !== null && power(row.power_w),
    row.temp_chip_max_c !== null && `${celsius(row.temp_chip_max_c)} °C`,
  ].filter((text) => text !== false);
  if (known.length === 0) return <span className="dim">No readings</span>;
  return <span className={`num ${row.current ? "" : css.stale}`}>{known.join(" · ")}</span>;
}
