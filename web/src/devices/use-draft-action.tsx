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
    const added: { site: string; change: string }[] = [];
    let devices = 0;
    let replacedDevices = 0;
    try {
      for (const [site, ids] of targets) {
        const answer = await addToDraft(site, action, ids);
        devices += ids.length;
        replacedDevices += answer.replaced;
        if (answer.added) added.push({ site, change: answer.added.id });
      }
    } catch (error) {
      refused(error);
      return false;
    } finally {
      setBusy(false);
    }
    // What took devices from an earlier change is not undone by removing it.
    const canUndo = replacedDevices === 0 && added.length === targets.size;
    told(
      "Added to the draft",
      <>
        {actionTitle(action)} on {plural(devices, "device")}
        {replacedDevices > 0 && `; replaces an earlier change on ${plural(replacedDevices, "device")}`}.{" "}
        <button type="button" className="link" onClick={() => usePrefs.setState({ draftOpen: true })}>
          Open the draft
        </button>
        {canUndo && (
          <>
            {" · "}
            <button type="button" className="link" onClick={() => void undo(added)}>
              Undo
            </button>
          </>
        )}
      </>,
    );
    return true;
  };
  return { draft, busy };
}

async function undo(added: readonly { site: string; change: string }[]) {
  try {
    for (const { site, change } of added) await removeChange(site, change);
    told("Taken out of the draft");
  } catch (error) {
    refused(error);
  }
}
