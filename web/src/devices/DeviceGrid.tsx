import { useElementSize, useMergedRef } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp, IconCheck } from "@tabler/icons-react";
import { useTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type MouseEvent, memo, useEffect, useMemo, useRef, useState } from "react";
import type { SeenRow } from "../api/merge";
import type { DeviceRow, DeviceSort } from "../api/types";
import { count } from "../ui/format";
import { usePrefs } from "../ui/prefs";
import { useKeys } from "../ui/use-keys";
import { columns, columnsFor, features, LOOK, tracksFor } from "./columns";
import css from "./Devices.module.css";
import { type DeviceSearch, sortTitle } from "./search";
import { selection, useSelection } from "./selection";

export interface ListProps {
  rows: SeenRow[];
  total: number;
  search: DeviceSearch;
  change: (patch: Partial<DeviceSearch>) => void;
  open: (device: string) => void;
  fetchMore: () => void;
  selectAll?: () => Promise<void>;
}

const ROW_REM = { compact: 1.75, comfortable: 2.25 };
const HEAD_PX = 32;
const PAGE_ROWS = 20;
/** Row heights follow the reader's text size. */
function remPx(rem: number): number {
  return rem * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
}

export function DeviceGrid({ rows, total, search, change, open, fetchMore, selectAll }: ListProps) {
  const compact = usePrefs((prefs) => prefs.compact);
  const picks = useSelection((state) => state.picks);
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: measured, width } = useElementSize<HTMLDivElement>();
  const shown = columnsFor(width);
  const [focus, setFocus] = useState(0);
  const both = useMergedRef(scroller, measured);
  const rowHeight = remPx(compact ? ROW_REM.compact : ROW_REM.comfortable);
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    // The head row comes before the rows, and stays above them.
    scrollMargin: HEAD_PX,
    scrollPaddingStart: HEAD_PX,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new row height invalidates what was measured
  useEffect(() => virtual.measure(), [rowHeight]);

  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 1 && rows.length < total) fetchMore();
  }, [last, rows.length, total, fetchMore]);

  // Only the rows in view become table rows: a frame that touches the fleet costs what is visible.
  const data = useMemo(() => rows.slice(first, last + 1), [rows, first, last]);
  const table = useTable({ features, columns, data, getRowId: (row) => row.id });
  const visible = table.getRowModel().rows;
  const isShown = ({ column }: { column: { id: string } }) => shown.includes(column.id);
  const headers = table.getHeaderGroups()[0]?.headers.filter(isShown) ?? [];

  // A row far away is there to be focused only once the list has scrolled to it and drawn it.
  const wanted = useRef<number | null>(null);
  const focusWanted = () => {
    if (wanted.current === null) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`);
    if (!row) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  };
  useEffect(focusWanted);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setFocus(next);
    wanted.current = next;
    virtual.scrollToIndex(next);
    focusWanted();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const row = rows[focus];
    if (
      !(event.target as HTMLElement).matches("[role=row]") ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    )
      return;
    const steps: Record<string, number> = {
      ArrowDown: focus + 1,
      j: focus + 1,
      ArrowUp: focus - 1,
      k: focus - 1,
      PageDown: focus + PAGE_ROWS,
      PageUp: focus - PAGE_ROWS,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) move(to);
    else if (row && event.key === "Enter") open(row.id);
    else if (row && (event.key === "x" || event.key === " ")) selection.toggle(row);
    else if (row && event.key === "X") selection.range(rows, row.id);
    else return;
    event.preventDefault();
  };
  // The same keys while nothing has the focus; with it, the row itself listens.
  const here = rows[focus];
  useKeys("devices", {
    j: () => move(focus),
    k: () => move(focus),
    x: () => here && selection.toggle(here),
  });
  const pick = (row: DeviceRow, event: MouseEvent) => {
    if (event.shiftKey) selection.range(rows, row.id);
    else selection.toggle(row);
  };
  const onRow = (row: DeviceRow, index: number, event: MouseEvent) => {
    setFocus(index);
    if (event.shiftKey || event.ctrlKey || event.metaKey) pick(row, event);
    else open(row.id);
  };

  const sort = search.sort ?? "name";
  const order = search.order ?? "asc";
  const onSort = (key: DeviceSort) =>
    change({ sort: key, order: sort === key && order === "asc" ? "desc" : undefined });

  return (
    <div
      ref={both}
      className={css.grid}
      role="grid"
      aria-label="Devices"
      aria-rowcount={total + 1}
      aria-colcount={shown.length + 1}
      aria-multiselectable="true"
      style={{ "--cols": tracksFor(shown) } as React.CSSProperties}
      onKeyDown={onKeyDown}
      tabIndex={-1}
    >
      <div className={css.headRow} style={{ height: HEAD_PX }} role="row" aria-rowindex={1} tabIndex={-1}>
        <div className={css.headCell} role="columnheader" tabIndex={-1} style={{ justifyContent: "center" }}>
          <SelectAll total={total} picked={picks.size} selectAll={selectAll} />
        </div>
        {headers.map((header) => {
          const look = LOOK[header.column.id];
          const sorted = look?.sort === sort;
          const label = <table.FlexRender header={header} />;
          return (
            <div
              key={header.id}
              className={`${css.headCell} ${look?.right ? css.right : ""}`}
              role="columnheader"
              tabIndex={-1}
              aria-sort={
                look?.sort ? (sorted ? (order === "asc" ? "ascending" : "descending") : "none") : undefined
              }
            >
              {look?.sort ? (
                <button
                  type="button"
                  title={sortTitle(look.sort)}
                  onClick={() => onSort(look.sort as DeviceSort)}
                >
                  {label}
                  {sorted &&
                    (order === "asc" ? (
                      <IconArrowUp size={12} aria-hidden="true" />
                    ) : (
                      <IconArrowDown size={12} aria-hidden="true" />
                    ))}
                </button>
              ) : header.column.id === "marks" ? (
                <span className="sr">Marks</span>
              ) : (
                label
              )}
            </div>
          );
        })}
      </div>
      <div className={css.canvas} role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = visible[item.index - first];
          const place = { height: rowHeight, transform: `translateY(${item.start - HEAD_PX}px)` };
          if (!row)
            return (
              <div
                key={item.key}
                className={css.row}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                style={place}
              >
                <div className={css.cell} role="gridcell" tabIndex={-1} style={{ gridColumn: "2 / -1" }}>
                  <span className={css.hold} />
                  <span className="sr">Loading</span>
                </div>
              </div>
            );
          const device = row.original;
          const on = picks.has(device.id);
          return (
            <div
              key={item.key}
              className={css.row}
              role="row"
              tabIndex={item.index === focus ? 0 : -1}
              data-index={item.index}
              aria-rowindex={item.index + 2}
              aria-selected={on}
              style={place}
              onMouseDown={(event) => event.shiftKey && event.preventDefault()}
              onClick={(event) => onRow(device, item.index, event)}
            >
              <div
                className={`${css.cell} ${css.check}`}
                role="gridcell"
                tabIndex={-1}
                onClick={(event) => {
                  event.stopPropagation();
                  setFocus(item.index);
                  pick(device, event);
                }}
              >
                <Tick on={on} />
              </div>
              {row
                .getAllCells()
                .filter(isShown)
                .map((cell) => (
                  <div
                    key={cell.id}
                    role="gridcell"
                    tabIndex={-1}
                    className={`${css.cell} ${LOOK[cell.column.id]?.right ? css.right : ""}`}
                  >
                    <table.FlexRender cell={cell} />
                  </div>
                ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

export const Tick = memo(function Tick({ on }: { on: boolean | "some" }) {
  return (
    <span className={css.tick} data-on={on} aria-hidden="true">
      <IconCheck size={11} stroke={3.5} />
    </span>
  );
});

export function SelectAll({
  total,
  picked,
  selectAll,
}: {
  total: number;
  picked: number;
  selectAll?: () => Promise<void>;
}) {
  const all = picked > 0 && picked >= total;
  const label = picked > 0 ? "Clear the selection" : `Select all ${count(total)} matching`;
  return (
    <button
      type="button"
      aria-label={label}
      title={selectAll || picked > 0 ? label : "Too many to select at once: narrow the filters"}
      disabled={!selectAll && picked === 0}
      onClick={() => (picked > 0 ? selection.clear() : void selectAll?.())}
    >
      <Tick on={all ? true : picked > 0 ? "some" : false} />
    </button>
  );
}
