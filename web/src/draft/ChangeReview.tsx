import { Button } from "@mantine/core";
import { useState } from "react";
import { removeChange } from "../api/mutations";
import type { DraftChange } from "../api/types";
import { basisText } from "../requests/phases";
import { actionTitle } from "../ui/actions";
import { ChangeRows } from "../ui/changes";
import { count, deltaPower, plural, power } from "../ui/format";
import { scenarioTitle } from "../ui/scenario-words";
import { refused } from "../ui/toast";
import { Targets, WarningLine } from "./ChangeCard";
import css from "./Draft.module.css";
import { byModel } from "./group";

/** One change of the draft in full: what becomes of which devices, what to know before, which rule it meets. */
export function ChangeReview({ site, change }: { site: string; change: DraftChange }) {
  const [all, setAll] = useState(false);
  const { effect, rule } = change;
  return (
    <article className="card col gap3" aria-label={actionTitle(change.action)}>
      <div className="row between top">
        <div className="grow">
          <h2 style={{ fontSize: "var(--text-15)" }}>
            {actionTitle(change.action)}{" "}
            <span className="soft" style={{ fontWeight: 400 }}>
              on {plural(change.targets.length, "device")}
            </span>
          </h2>
          <p className="soft small">
            {rule.sentence} ·{" "}
            <span className="dim" title={rule.scenario}>
              {scenarioTitle(rule.scenario)}
            </span>
          </p>
        </div>
        <div className={css.effect}>
          <b className={effect.delta_w === null ? "" : "num"}>{deltaPower(effect.delta_w)}</b>
          <div className="small dim">
            {effect.delta_w !== null && Math.abs(effect.delta_w) >= 0.5 && (
              <span className="num">
                {power(effect.before_w)} → {power(effect.after_w)}
                {basisText(effect)}
              </span>
            )}
            {effect.unknown > 0 && (
              <div>
                {effect.delta_w !== null && "no estimate "}for {plural(effect.unknown, "device")}
              </div>
            )}
          </div>
        </div>
      </div>
      <ChangeRows rows={change.changes} />
      <ul className={`plain ${css.models}`} aria-label="Models">
        {byModel(change.targets).map(([model, devices]) => (
          <li key={model}>
            <b className="num">{count(devices)}</b> {model}
          </li>
        ))}
      </ul>
      {change.warnings.length > 0 && (
        <section className="col" style={{ gap: 4 }} aria-label="Checks">
          {change.warnings.map((warning) => (
            <WarningLine key={`${warning.code} ${warning.detail}`} warning={warning} />
          ))}
        </section>
      )}
      <div className="row between">
        <button type="button" className="link row small" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Hide the devices" : `Show the ${plural(change.targets.length, "device")}`}
        </button>
        <Button
          variant="subtle"
          aria-label={`Take out ${actionTitle(change.action)}`}
          onClick={() => void removeChange(site, change.id).catch(refused)}
        >
          Take out
        </Button>
      </div>
      {all && <Targets site={site} change={change} />}
    </article>
  );
}
