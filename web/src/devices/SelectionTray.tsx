import { useState } from "react";
import type { Action } from "../api/types";
import { count, power } from "../ui/format";
import { useCan } from "../ui/permissions";
import { ActionButtons } from "./ActionButtons";
import css from "./Devices.module.css";
import { PoolsDialog } from "./PoolsDialog";
import { bySite, type Picks, selection, summary } from "./selection";
import { useDraftAction } from "./use-draft-action";

/** What is selected and what can be asked of it. Everything goes into the draft first. */
export function SelectionTray({
  picks,
  total,
  selectAll,
}: {
  picks: Picks;
  total: number;
  selectAll?: () => Promise<void>;
}) {
  const can = useCan();
  const { draft, busy } = useDraftAction();
  const [pools, setPools] = useState(false);
  const { count: selected, watts, known } = summary(picks);
  const ask = (action: Action) =>
    void draft(action, bySite(picks)).then((done) => {
      if (done) selection.clear();
    });
  return (
    <section className={css.tray} aria-label="Selection">
      <div className={css.trayCount}>
        <span>
          <b>
            <span className="num">{count(selected)}</span> selected
          </b>{" "}
          <span className="small dim num">
            {known > 0 ? `≈ ${power(watts)}` : "power not known"}
            {known > 0 && known < selected && ` (${count(known)} seen)`}
          </span>
        </span>
        <span className="small row">
          {selectAll && selected < total && (
            <button type="button" className="link" onClick={() => void selectAll()}>
              Select all {count(total)}
            </button>
          )}
          <button type="button" className="link" onClick={selection.clear}>
            Clear
          </button>
        </span>
      </div>
      <ActionButtons can={can} ask={ask} askPools={() => setPools(true)} busy={busy} />
      <PoolsDialog
        opened={pools}
        onClose={() => setPools(false)}
        onSet={(chosen) => ask({ action: "set_pools", params: { pools: chosen } })}
      />
    </section>
  );
}
