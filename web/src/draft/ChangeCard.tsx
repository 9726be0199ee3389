import { ActionIcon } from "@mantine/core";
import { IconAlertTriangle, IconChevronDown, IconChevronRight, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { removeChange, removeTarget } from "../api/mutations";
import type { DraftChange, Warning } from "../api/types";
import { useSite } from "../shell/site";
import { actionTitle } from "../ui/actions";
import { deltaPower, plural } from "../ui/format";
import { refused } from "../ui/toast";
import css from "./Draft.module.css";

/** A list this long is shortened: the review page and the address list filters serve longer ones. */
const MOST_TARGETS = 200;

export function ChangeCard({ site, change }: { site: string; change: DraftChange }) {
  const [open, setOpen] = useState(false);
  const [busy, run] = useBusy();
  const title = actionTitle(change.action);
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <article className={css.change} aria-busy={busy}>
      <div className={css.changeHead}>
        <button type="button" className={css.expand} aria-expanded={open} onClick={() => setOpen(!open)}>
          <Chevron size={14} aria-hidden="true" />
          <span className="grow">
            <b>{title}</b>
            <span className="small soft" style={{ display: "block" }}>
              {plural(change.targets.length, "device")} ·{" "}
              <span className="num">{deltaPower(change.effect.delta_w)}</span>
            </span>
          </span>
        </button>
        <ActionIcon
          variant="subtle"
          aria-label={`Remove ${title}`}
          disabled={busy}
          onClick={() => run(() => removeChange(site, change.id))}
        >
          <IconX size={15} aria-hidden="true" />
        </ActionIcon>
      </div>
      <ul className={`plain small dim ${css.lines}`}>
        {change.changes.map((row) => (
          <li key={row.text} className={row.caution ? "bad" : undefined}>
            {row.text}
          </li>
        ))}
      </ul>
      {change.warnings.length > 0 && (
        <div className={css.warnings}>
          {change.warnings.map((warning) => (
            <WarningLine key={`${warning.code} ${warning.detail}`} warning={warning} />
          ))}
        </div>
      )}
      {open && <Targets site={site} change={change} />}
    </article>
  );
}

/** The devices of a change, each with a way out of it. */
export function Targets({ site, change }: { site: string; change: DraftChange }) {
  const [busy, run] = useBusy();
  const title = actionTitle(change.action);
  return (
    <ul className={`plain ${css.targets}`} aria-busy={busy}>
      {change.targets.slice(0, MOST_TARGETS).map((target) => (
        <li key={target.id} className={css.target}>
          <span className="grow ellipsis">
            {target.name} <span className="dim small">{target.model}</span>
          </span>
          <span className="num small dim">{target.ip}</span>
          <ActionIcon
            variant="subtle"
            size={24}
            aria-label={`Remove ${target.name} from ${title}`}
            disabled={busy}
            onClick={() => run(() => removeTarget(site, change.id, target.id))}
          >
            <IconX size={13} aria-hidden="true" />
          </ActionIcon>
        </li>
      ))}
      {change.targets.length > MOST_TARGETS && (
        <li className={`${css.target} dim small`}>
          and {plural(change.targets.length - MOST_TARGETS, "more device")}
        </li>
      )}
    </ul>
  );
}

function useBusy(): [boolean, (call: () => Promise<unknown>) => void] {
  const [busy, setBusy] = useState(false);
  const run = (call: () => Promise<unknown>) => {
    setBusy(true);
    void call()
      .catch(refused)
      .finally(() => setBusy(false));
  };
  return [busy, run];
}

export function WarningLine({ warning }: { warning: Warning }) {
  const site = useSite();
  return (
    <div className={css.warning}>
      <IconAlertTriangle size={14} aria-hidden="true" />
      <span>
        {warning.detail}{" "}
        {warning.request && (
          <Link to="/s/$site/requests/$id" params={{ site, id: warning.request }}>
            R-{warning.number}
          </Link>
        )}
      </span>
    </div>
  );
}
