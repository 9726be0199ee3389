import { Popover, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { overviewQuery } from "../api/queries";
import type { Overview } from "../api/types";
import { leftOutLines } from "../devices/levels";
import { ago, count, hashrate, measured, NONE, power, sig3 } from "../ui/format";
import { STATUS_WORD, STATUSES, StatusGlyph } from "../ui/status";
import { useNow } from "../ui/use-now";
import css from "./Header.module.css";
import { useSite } from "./site";

const NEAR_CAP = 0.95;

export function Metrics() {
  const site = useSite();
  const { data } = useQuery(overviewQuery(site));
  const without = data ? leftOutLines(data.left_out) : [];
  const lacks = data?.left_out.devices ?? 0;
  const nearCap =
    data?.capacity_w != null && data.power_w != null && data.power_w >= data.capacity_w * NEAR_CAP;
  return (
    <section className={css.metrics} aria-label="Fleet now">
      <DeviceSplit data={data} />
      <Metric data={data} label="Hashrate" sort="hashrate" lacks={lacks} notes={without}>
        {data ? hashrate(data.hashrate_ths) : NONE}
      </Metric>
      <Metric
        data={data}
        label="Power"
        sort="power"
        lacks={lacks}
        notes={nearCap ? ["Above 95 % of the contracted cap", ...without] : without}
      >
        <span className={nearCap ? css.amber : undefined}>{data ? power(data.power_w) : NONE}</span>
        {data?.capacity_w != null && <small className="wide-only"> / {power(data.capacity_w)}</small>}
      </Metric>
      <Metric data={data} label="Efficiency" sort="power" optional>
        {data?.efficiency_j_th != null ? measured(data.efficiency_j_th) : NONE} <small>J/TH</small>
      </Metric>
    </section>
  );
}

function Metric({
  data,
  label,
  sort,
  lacks = 0,
  notes = [],
  optional = false,
  children,
}: {
  data: Overview | undefined;
  label: string;
  sort: "hashrate" | "power";
  /** So many devices are not in it. */
  lacks?: number;
  notes?: string[];
  optional?: boolean;
  children: React.ReactNode;
}) {
  const site = useSite();
  return (
    <Tooltip label={<Age asOf={data?.as_of} notes={notes} />}>
      <Link
        to="/s/$site/devices"
        params={{ site }}
        search={{ sort, order: "desc" }}
        className={`${css.metric} ${optional ? css.optional : ""} ${label === "Efficiency" || label === "Hashrate" ? "wide-only" : ""}`}
      >
        <span className={css.label}>
          {label}
          {lacks > 0 && <span className={`${css.amber} num`}> without {count(lacks)}</span>}
        </span>
        <span className={`${css.value} num`}>{children}</span>
      </Link>
    </Tooltip>
  );
}

function Age({ asOf, notes }: { asOf: number | undefined; notes: string[] }) {
  const now = useNow(1_000);
  return (
    <>
      {notes.map((note) => (
        <div key={note}>{note}</div>
      ))}
      {asOf ? `As of ${ago(asOf, now)}` : "Not known yet"}
    </>
  );
}

function DeviceSplit({ data }: { data: Overview | undefined }) {
  const site = useSite();
  const [open, setOpen] = useState(false);
  const shown = STATUSES.filter((status) => (data?.devices[status] ?? 0) > 0);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button"
          className={css.metric}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <span className={css.label}>Devices hashing</span>
          <span className={`${css.value} num`}>
            {data ? count(data.devices.hashing) : NONE}
            <small> / {data ? count(data.devices.total) : NONE}</small>
          </span>
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Devices by status">
        {data && (
          <div className={css.split}>
            <div className={css.bar} aria-hidden="true">
              {shown.map((status) => (
                <i
                  key={status}
                  style={{
                    flexGrow: data.devices[status],
                    background: status === "unknown" ? "var(--text-3)" : `var(--${status})`,
                  }}
                />
              ))}
            </div>
            <div className={css.legend}>
              {STATUSES.map((status) => (
                <Link
                  key={status}
                  to="/s/$site/devices"
                  params={{ site }}
                  search={{ status }}
                  onClick={() => setOpen(false)}
                >
                  <span className="row">
                    <StatusGlyph status={status} /> {STATUS_WORD[status]}
                  </span>
                  <span className="num" style={{ textAlign: "right" }}>
                    {count(data.devices[status])}
                  </span>
                  <span className="num dim" style={{ textAlign: "right" }}>
                    {data.devices.total > 0
                      ? `${sig3((100 * data.devices[status]) / data.devices.total)} %`
                      : ""}
                  </span>
                </Link>
              ))}
            </div>
          </div>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
