import { type QueryKey, type UseQueryOptions, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { LoadError, Waiting } from "../ui/feedback";
import { plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { WhyNot } from "../ui/why-not";
import css from "./Money.module.css";

/** A part of a sub-account's money: how it stands, for whoever may see it, and the way to ask for another. */
export function MoneyCard<T, K extends QueryKey>({
  title,
  query,
  see,
  change,
  word,
  closed,
  dialog,
  children,
}: {
  title: string;
  query: UseQueryOptions<T, Error, T, K>;
  /** The permission to see it. */
  see: string;
  /** The permission to change it. */
  change: string;
  /** What is pressed to change it. */
  word: (of: T | undefined) => string;
  /** Why nobody could change it now; empty when somebody could. */
  closed: (of: T) => string;
  dialog: (of: T, onClose: () => void) => ReactNode;
  children: (of: T) => ReactNode;
}) {
  const can = useCan();
  const sees = can(see);
  const changes = can(change);
  const { data, error, refetch } = useQuery({ ...query, enabled: sees.allowed });
  const [changing, setChanging] = useState(false);
  const why = data === undefined ? "It has to be seen first." : closed(data);
  return (
    <section className="card col gap3" aria-label={title}>
      <div className="row between wrap">
        <h2>{title}</h2>
        <GatedButton
          why={changes.allowed ? why : changes}
          variant="default"
          onClick={() => setChanging(true)}
        >
          {word(data)}
        </GatedButton>
      </div>
      {!sees.allowed ? (
        <WhyNot can={sees} />
      ) : error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Waiting rows={3} />
      ) : (
        children(data)
      )}
      {data !== undefined && changing && dialog(data, () => setChanging(false))}
    </section>
  );
}

/** Why a change has to wait for the one that is open; empty if none is. */
export const taken = (open: { number: number } | null) =>
  open ? `R-${open.number} is to change it already: that has to end first.` : "";

/** What was so before, folded away. */
export function Earlier({ versions, children }: { versions: number; children: ReactNode }) {
  if (versions === 0) return null;
  return (
    <details className={css.more}>
      <summary>{plural(versions, "earlier version")}</summary>
      {children}
    </details>
  );
}

/** To whom something goes, and how much of it at the right. */
export function AmountTable({
  label,
  heads,
  children,
}: {
  label: string;
  heads: string[];
  children: ReactNode;
}) {
  return (
    <table className={`data ${css.amounts}`} aria-label={label}>
      <thead>
        <tr>
          {heads.map((head, index) => (
            <th key={head} scope="col" className={index > 0 ? "r" : undefined}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
