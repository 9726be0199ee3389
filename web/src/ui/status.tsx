import type { ReactNode } from "react";
import type { DeviceStatus } from "../api/types";
import css from "./status.module.css";

export const STATUSES: DeviceStatus[] = [
  "hashing",
  "starting",
  "degraded",
  "error",
  "offline",
  "sleeping",
  "maintenance",
  "unknown",
];

export const STATUS_WORD: Record<DeviceStatus, string> = {
  hashing: "Hashing",
  starting: "Starting",
  degraded: "Degraded",
  error: "Error",
  offline: "Offline",
  sleeping: "Sleeping",
  maintenance: "Maintenance",
  unknown: "Unknown",
};

// A shape of its own for each status, so colour is never the only sign.
const SHAPE: Record<DeviceStatus, ReactNode> = {
  hashing: <circle cx="6" cy="6" r="4.5" fill="currentColor" />,
  starting: (
    <path
      d="M6 11V2M2 5.6 6 1.6l4 4"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
    />
  ),
  degraded: (
    <>
      <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M6 2a4 4 0 0 0 0 8z" fill="currentColor" />
    </>
  ),
  error: <path d="M6 1 11.4 10.6H.6z" fill="currentColor" />,
  offline: <path d="M2 2l8 8M10 2l-8 8" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  sleeping: <path d="M6 1.2 10.8 6 6 10.8 1.2 6z" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  maintenance: <rect x="1.8" y="1.8" width="8.4" height="8.4" fill="currentColor" />,
  unknown: (
    <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="2 2" />
  ),
};

export function StatusGlyph({ status, size = 12 }: { status: DeviceStatus; size?: number }) {
  return (
    <svg
      className={`${css.glyph} ${css[status]}`}
      viewBox="0 0 12 12"
      width={size}
      height={size}
      aria-hidden="true"
    >
      {SHAPE[status]}
    </svg>
  );
}

export function Status({ status }: { status: DeviceStatus }) {
  return (
    <span className={css.status}>
      <StatusGlyph status={status} />
      {STATUS_WORD[status]}
    </span>
  );
}
