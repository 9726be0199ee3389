import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useSession } from "../api/session";
import type { Action, Item, Request } from "../api/types";
import { useDraftAction } from "../devices/use-draft-action";
import { isOp } from "../ui/actions";
import { count } from "../ui/format";
import { isOpen } from "../ui/request-state";
import { AmendDialog } from "./AmendDialog";
import { inverseOf } from "./inverse";
import { AGAIN, doneTargets, failedTargets, toCsv } from "./items";

/** What can be done with a request on devices from here: change it, start again, try the failed ones again, undo it. */
export function Follow({ request, items }: { request: Request; items: readonly Item[] }) {
  const { draft, busy } = useDraftAction();
  const [asked, setAsked] = useState<string>();
  const [amending, amend] = useDisclosure(false);
  const mine = useSession().user.id === request.initiator.id;
  const { action, site, state } = request;
  const failed = isOpen(state) ? [] : failedTargets(items);
  const done = isOpen(state) ? [] : doneTargets(items);
  const inverse = done.length > 0 ? inverseOf(action, request.diff) : null;
  const into = (word: string, drafted: Action, targets: string[]) =>
    site !== null &&
    isOp(action.action) &&
    targets.length > 0 && (
      <Button
        variant="default"
        loading={busy && asked === word}
        disabled={busy}
        onClick={() => {
          setAsked(word);
          void draft(drafted, new Map([[site, targets]]));
        }}
      >
        {word}
      </Button>
    );
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([toCsv(items)], { type: "text/csv" }));
    link.download = `R-${request.number}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <div className="row wrap">
      {mine && state === "pending" && isOp(action.action) && (
        <Button variant="default" onClick={amend.open}>
          Amend…
        </Button>
      )}
      {into(`Draft a retry for ${count(failed.length)} failed`, action, failed)}
      {inverse && into("Draft the inverse", inverse, done)}
      {mine &&
        AGAIN.includes(state) &&
        into(
          "Reopen as a draft",
          action,
          items.map((item) => item.target.id),
        )}
      <Button variant="default" onClick={save}>
        CSV
      </Button>
      {amending && <AmendDialog request={request} items={items} onClose={amend.close} />}
    </div>
  );
}
