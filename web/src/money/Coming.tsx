import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { MoneyRequest } from "../api/money";
import { useSite } from "../shell/site";
import { Note } from "../ui/feedback";
import { dateTime, until } from "../ui/format";
import { useNow } from "../ui/use-now";
import css from "./Money.module.css";

/** Leads to a request. */
export function RequestLink({
  of,
  children,
}: {
  of: { request: string; number: number };
  children?: ReactNode;
}) {
  const site = useSite();
  return (
    <Link to="/s/$site/requests/$id" params={{ site, id: of.request }}>
      {children ?? `R-${of.number}`}
    </Link>
  );
}

/** A change that was asked for and is not so yet: since when, until when, and what comes of what is due meanwhile. */
export function Coming({ of, then, children }: { of: MoneyRequest; then?: string; children: ReactNode }) {
  const now = useNow();
  const waits = of.state === "pending";
  const moment = of.not_before === null || of.not_before <= now ? "any moment" : until(of.not_before, now);
  return (
    <Note tone="warn" title={waits ? "A change waits for approval" : `A change takes effect ${moment}`}>
      <div className={`col ${css.coming}`}>
        {children}
        <p>
          <RequestLink of={of} />, asked for by {of.by.name}.{" "}
          {waits
            ? "Nothing changes before it is approved."
            : `${of.not_before === null ? "" : `It is carried out ${dateTime(of.not_before)}. `}Until then what is due is held, not lost, and any approver may cancel it.`}
          {then && ` ${then}`}
        </p>
        <p>
          <RequestLink of={of}>{waits ? "Approve or reject it there" : "Cancel it there"}</RequestLink>
        </p>
      </div>
    </Note>
  );
}
