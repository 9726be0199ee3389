import { IconBuildingWarehouse, IconUsersGroup } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import type { Action } from "../api/types";
import { count, power } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { ActionButtons } from "./ActionButtons";
import css from "./Devices.module.css";
import type { Move } from "./MoveDialog";
import { bySite, type Picks, selection, summary } from "./selection";
import { useDraftAction } from "./use-draft-action";

const PoolsDialog = lazy(() => import("./PoolsDialog").then((module) => ({ default: module.PoolsDialog })));
const MoveDialog = lazy(() => import("./MoveDialog").then((module) => ({ default: module.MoveDialog })));

/** What is selected and what can be asked of it. What changes devices goes into the draft first. */
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
  const [move, setMove] = useState<Move | null>(null);
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
      <GatedButton
        why={can("device.move")}
        variant="default"
        disabled={busy}
        leftSection={<IconBuildingWarehouse size={14} aria-hidden="true" />}
        onClick={() => setMove("place")}
      >
        Place…
      </GatedButton>
      <GatedButton
        why={can("hashrate.transfer")}
        variant="default"
        disabled={busy}
        leftSection={<IconUsersGroup size={14} aria-hidden="true" />}
        onClick={() => setMove("assign")}
      >
        Assign…
      </GatedButton>
      {move && (
        <Suspense fallback={null}>
          <MoveDialog move={move} picks={picks} onClose={() => setMove(null)} />
        </Suspense>
      )}
      {pools && (
        <Suspense fallback={null}>
          <PoolsDialog targets={[...picks.keys()]} onClose={() => setPools(false)} onSet={ask} />
        </Suspense>
      )}
    </section>
  );
}
