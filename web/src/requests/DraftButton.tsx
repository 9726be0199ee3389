import { Button } from "@mantine/core";
import type { Action } from "../api/types";
import { hasPasswords } from "../devices/pools";
import { useDraftAction } from "../devices/use-draft-action";
import { isOp } from "../ui/actions";

/**
 * Puts an action for these devices of a site into the draft; nothing where there is nothing to put. Where passwords went with it, nobody
 * has them any more.
 */
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
  if (hasPasswords(action))
    return (
      <span className="soft">
        Its pool passwords are not kept: to ask again, select the devices, set their pools and type the
        passwords once more.
      </span>
    );
  return (
    <Button variant="default" loading={busy} onClick={() => void draft(action, new Map([[site, targets]]))}>
      {word}
    </Button>
  );
}
