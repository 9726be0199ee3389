// What a page says when it has nothing, waits, or was refused.
import { Button, Skeleton } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { problemOf } from "../api/problem";
import type { Problem } from "../api/types";
import css from "./feedback.module.css";

export function Note({
  tone = "info",
  title,
  children,
  alert = false,
}: {
  tone?: "info" | "warn" | "bad";
  title?: ReactNode;
  children?: ReactNode;
  alert?: boolean;
}) {
  const Icon = tone === "info" ? IconInfoCircle : IconAlertTriangle;
  return (
    <div className={`${css.note} ${css[tone]}`} role={alert ? "alert" : undefined}>
      <Icon size={16} aria-hidden="true" />
      <div className="grow">
        {title && <div className={css.title}>{title}</div>}
        {children && <div className="soft">{children}</div>}
      </div>
    </div>
  );
}

/** A refusal with its title, its detail and the fields it names. */
export function ProblemNote({ error, problem }: { error?: unknown; problem?: Problem }) {
  const shown = problem ?? problemOf(error);
  // What the sentence says already is not said twice.
  const fields = shown.errors?.filter((field) => !shown.detail?.includes(field.detail));
  return (
    <Note tone="bad" title={shown.title} alert>
      {shown.detail}
      {fields?.map((field) => (
        <div key={field.pointer}>
          <span className="num small">{field.pointer}</span> {field.detail}
        </div>
      ))}
      {shown.request_id && (
        <div>
          <Link to="/s/$site/requests/$id" params={{ site: "all", id: shown.request_id }}>
            Open that request
          </Link>
        </div>
      )}
    </Note>
  );
}

export function LoadError({ error, retry }: { error: unknown; retry: () => void }) {
  const problem = problemOf(error);
  return (
    <div className={css.empty} role="alert">
      <IconAlertTriangle size={28} aria-hidden="true" className="bad" />
      <h2>{problem.title}</h2>
      {problem.detail && <p>{problem.detail}</p>}
      {/* What rights do not allow, asking again does not change. */}
      {problem.code !== "permission_denied" && (
        <Button variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

export function Empty({
  title,
  children,
  icon,
  level: Heading = "h2",
}: {
  title: string;
  children?: ReactNode;
  icon?: ReactNode;
  /** h1 where it is all there is on the page. */
  level?: "h1" | "h2";
}) {
  return (
    <div className={css.empty}>
      {icon}
      <Heading>{title}</Heading>
      {children}
    </div>
  );
}

export function Waiting({ rows = 6, height = 36 }: { rows?: number; height?: number }) {
  return (
    <div className="col" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <Skeleton key={row} height={height} radius={6} />
      ))}
    </div>
  );
}

export function Tiles({ children }: { children: ReactNode }) {
  return <dl className={css.tiles}>{children}</dl>;
}

export function Tile({ label, value, note }: { label: string; value: ReactNode; note?: ReactNode }) {
  return (
    <div className={css.tile}>
      <dt className={css.tileLabel}>{label}</dt>
      <dd style={{ margin: 0 }}>
        <div className={`${css.tileValue} ${isWord(value) ? "" : "num"}`}>{value}</div>
        {note && <div className={css.tileNote}>{note}</div>}
      </dd>
    </div>
  );
}

const isWord = (value: ReactNode) => typeof value === "string" && !/\d/.test(value);
