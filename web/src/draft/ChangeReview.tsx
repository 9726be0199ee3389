import { Button } from "@mantine/core";
import { useState } from "react";
import { removeChange } from "../api/mutations";
import type { DraftChange } from "../api/types";
import { actionDetail, actionTitle } from "../ui/actions";
import { count, deltaPower, plural, power } from "../ui/format";
import { refused } from "../ui/toast";
import { ChangeCard, WarningLine } from "./ChangeCard";
import { byModel } from "./group";

/** One change of the draft in full: what becomes of which devices, what to know before, which rule it meets. */
export function ChangeReview({ site, change }: { site: string; change: DraftChange }) {
  const [all, setAll] = useState(false);
  const { effect, rule } = change;
  return (
    <article className="card col gap3">
      <div className="row between top">
        <div>
          <h2 style={{ fontSize: "var(--text-15)" }}>{actionTitle(change.action)}</h2>
          <p className="soft small">{rule.sentence}</p>
        </div>
        <Button variant="subtle" onClick={() => void removeChange(site, change.id).catch(refused)}>
          Take out
        </Button>
      </div>
      {actionDetail(change.action).map((line) => (
        <p key={line} className="num small" style={{ overflowWrap: "anywhere" }}>
          {line}
        </p>
      ))}
      <div className="scroll-x">
        <table className="data">
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" className="r">
                Devices
              </th>
            </tr>
          </thead>
          <tbody>
            {byModel(change.targets).map(([model, devices]) => (
              <tr key={model}>
                <td>{model}</td>
                <td className="r num">{count(devices)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td>
                Power {power(effect.before_w)} → {power(effect.after_w)}
                {effect.unknown > 0 && (
                  <span className="dim"> · {plural(effect.unknown, "device")} not known</span>
                )}
              </td>
              <td className="r num">
                <b>{deltaPower(effect.delta_w)}</b>
              </td>
            </tr>
          </tfoot>
        </table>
      </div>
      {change.warnings.length > 0 && (
        <section className="col" aria-label="Checks">
          <h3>Checks</h3>
          {change.warnings.map((warning) => (
            <WarningLine key={`${warning.code} ${warning.detail}`} warning={warning} />
          ))}
        </section>
      )}
      <button type="button" className="link small" aria-expanded={all} onClick={() => setAll(!all)}>
        {all ? "Hide the devices" : `Show the ${plural(change.targets.length, "device")}`}
      </button>
      {all && <ChangeCard site={site} change={{ ...change, warnings: [] }} startOpen />}
    </article>
  );
}
