import type { Action, ChangeRow } from "../api/types";
import { POWER_MODES } from "../ui/actions";

/** What puts devices back to where they were before an action, if one action does; what a reboot did, nothing undoes. */
export function inverseOf(action: Action, changes: readonly ChangeRow[]): Action | null {
  switch (action.action) {
    case "pause":
      return { action: "resume", params: {} };
    case "resume":
      return { action: "pause", params: {} };
    case "locate":
      return { action: "locate", params: { on: !action.params.on } };
    case "set_power_mode": {
      const [before, second] = new Set(
        changes.filter((row) => row.field === "power_mode").map((row) => row.old),
      );
      const mode = POWER_MODES.find((known) => known === before);
      const changed = mode !== undefined && second === undefined && mode !== action.params.mode;
      return changed ? { action: "set_power_mode", params: { mode } } : null;
    }
    default:
      return null;
  }
}
