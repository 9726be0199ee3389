import { Button } from "@mantine/core";
import type { Action } from "../api/types";
import { useDraftAction } from "../devices/use-draft-action";
import { isOp } from "../ui/actions";

/** Puts an action for these devices of a site into the draft; nothing where there is nothing to put. */
export function DraftButton({
  word,
  site,
  action,
  targets,
}: {
  word: string;
  site: string | null;
  action: Action;
  targets: string[];
}) {
  const { draft, busy } = useDraftAction();
  if (site === null || !isOp(action.action) || targets.length === 0) return null;
  return (
    <Button variant="default" loading={busy} onClick={() => void draft(action, new Map([[site, targets]]))}>
      {word}
    </Button>
  );
}
