import { useState } from "react";
import { addToDraft, removeChange } from "../api/mutations";
import type { Action } from "../api/types";
import { actionTitle } from "../ui/actions";
import { plural } from "../ui/format";
import { usePrefs } from "../ui/prefs";
import { refused, told } from "../ui/toast";

/** Puts an action for devices into the draft of each site concerned, and says what that replaced. */
export function useDraftAction() {
  const [busy, setBusy] = useState(false);
  const draft = async (action: Action, targets: ReadonlyMap<string, string[]>): Promise<boolean> => {
    setBusy(true);
    try {
      for (const [site, ids] of targets) {
        const { added, replaced } = await addToDraft(site, action, ids);
        told(
          "Added to the draft",
          <>
            {actionTitle(action)} on {plural(ids.length, "device")}
            {replaced > 0 && `; replaces an earlier change on ${plural(replaced, "device")}`}.{" "}
            <button type="button" className="link" onClick={() => usePrefs.setState({ draftOpen: true })}>
              Open the draft
            </button>
            {added && replaced === 0 && (
              <>
                {" · "}
                <button
                  type="button"
                  className="link"
                  onClick={() =>
                    void removeChange(site, added.id).then(() => told("Taken out of the draft"), refused)
                  }
                >
                  Undo
                </button>
              </>
            )}
          </>,
        );
      }
      return true;
    } catch (error) {
      refused(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { draft, busy };
}
