import { IconBulbFilled, IconLock, IconPencil } from "@tabler/icons-react";
import { createColumnHelper, tableFeatures } from "@tanstack/react-table";
import type { SeenRow } from "../api/merge";
import type { DeviceRow, DeviceSort } from "../api/types";
import { age, ago, celsius, duration, measured, NONE, sig3, words } from "../ui/format";
import { Status } from "../ui/status";
import { useNow } from "../ui/use-now";
import css from "./Devices.module.css";
import { levelsText } from "./levels";

export const features = tableFeatures({});
const helper = createColumnHelper<typeof features, SeenRow>();

interface Look {
  /** A CSS grid track. */
  width: string;
  sort?: DeviceSort;
  right?: boolean;
  /** The list shows this column from this width on, in px. */
  from?: number;
}
export const LOOK: Record<string, Look> = {
  name: { width: "minmax(120px, 1.4fr)", sort: "name" },
  status: { width: "minmax(116px, 1fr)", sort: "status" },
  ip: { width: "minmax(110px, 1fr)", sort: "ip", from: 900 },
  model: { width: "minmax(130px, 1.6fr)", sort: "model" },
  hashrate: { width: "116px", sort: "hashrate", right: true },
  power: { width: "84px", sort: "power", right: true },
  temp: { width: "80px", sort: "temp", right: true },
  mode: { width: "84px", sort: "mode", from: 960 },
  uptime: { width: "96px", sort: "uptime", right: true, from: 1080 },
  age: { width: "60px", right: true, from: 1020 },
  marks: { width: "68px" },
};
export function columnsFor(width: number): string[] {
  return Object.keys(LOOK).filter((id) => (LOOK[id]?.from ?? 0) <= width);
}
export function tracksFor(shown: readonly string[]): string {
  return `36px ${shown.map((id) => LOOK[id]?.width).join(" ")}`;
}

export const columns = helper.columns([
  helper.accessor("name", { header: "Name" }),
  helper.accessor("status", { header: "Status", cell: (info) => <Levels row={info.row.original} /> }),
  helper.accessor("ip", {
    header: "Address",
    cell: (info) => <span className="num">{info.getValue()}</span>,
  }),
  helper.accessor("model", {
    header: "Model",
    cell: (info) => <span className="ellipsis">{info.getValue()}</span>,
  }),
  helper.accessor("hashrate_ths", {
    id: "hashrate",
    header: "Hashrate, TH/s",
    cell: (info) => <Live row={info.row.original} value={info.getValue()} />,
  }),
  helper.accessor("power_w", {
    id: "power",
    header: "Power, W",
    cell: (info) => <Live row={info.row.original} value={info.getValue()} as={sig3} />,
  }),
  helper.accessor("temp_chip_max_c", {
    id: "temp",
    header: "Chip, °C",
    cell: (info) => <Live row={info.row.original} value={info.getValue()} as={celsius} />,
  }),
  helper.accessor("power_mode", {
    id: "mode",
    header: "Mode",
    cell: (info) => (
      <span className={info.row.original.current ? "soft" : css.stale}>
        {info.getValue() ? words(info.getValue() ?? "") : NONE}
      </span>
    ),
  }),
  helper.accessor("uptime_s", {
    id: "uptime",
    header: "Uptime",
    cell: (info) => (
      <span className={`num ${info.row.original.current ? "soft" : css.stale}`}>
        {duration(info.getValue())}
      </span>
    ),
  }),
  helper.accessor("seen_at", {
    id: "age",
    header: "Age",
    cell: (info) => <Age at={info.getValue()} />,
  }),
  helper.display({ id: "marks", header: "", cell: (info) => <Marks row={info.row.original} /> }),
]);

/** The one word, and both levels that it is made of for whoever points at it. */
function Levels({ row }: { row: SeenRow }) {
  const now = useNow(5_000);
  return (
    <span title={levelsText(row, now)}>
      <Status status={row.status} />
    </span>
  );
}

function Age({ at }: { at: number | null }) {
  const now = useNow(1_000);
  return <span className="num dim">{at === null ? NONE : now - at < 2_000 ? "now" : age(now - at)}</span>;
}

function Live({
  row,
  value,
  as = measured,
}: {
  row: SeenRow;
  value: number | null;
  as?: (value: number) => string;
}) {
  const now = useNow(5_000);
  const text = value === null ? NONE : as(value);
  if (row.current) return <span className="num">{text}</span>;
  const known = row.told_at === null ? undefined : `As it was ${ago(row.told_at, now)}`;
  return (
    <span className={`num ${css.stale}`} title={known}>
      {text}
    </span>
  );
}

/** What else concerns this device: its light, my draft, requests that hold it. */
export function Marks({ row }: { row: DeviceRow }) {
  const held = row.open.map((open) => `R-${open.number} ${words(open.action).toLowerCase()}`).join(", ");
  return (
    <>
      {row.led_on && (
        <span
          role="img"
          title="The locate light is on"
          aria-label="The locate light is on"
          className="row warn"
        >
          <IconBulbFilled size={14} aria-hidden="true" />
        </span>
      )}
      {row.in_draft && (
        <span role="img" title="In my draft" aria-label="In my draft" className="row dim">
          <IconPencil size={14} aria-hidden="true" />
        </span>
      )}
      {held && (
        <span role="img" title={`In ${held}`} aria-label={`In ${held}`} className="row soft">
          <IconLock size={14} aria-hidden="true" />
        </span>
      )}
    </>
  );
}
