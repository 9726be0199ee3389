import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useSession } from "../api/session";
import type { Item, Request } from "../api/types";
import { isOp } from "../ui/actions";
import { isOpen } from "../ui/request-states";
import { AmendDialog } from "./AmendDialog";
import { DraftButton } from "./DraftButton";
import { inverseOf } from "./inverse";
import { AGAIN, doneTargets, toCsv } from "./items";

/** What can be done with a request on devices from here: change it, start again, undo it. */
export function Follow({ request, items }: { request: Request; items: readonly Item[] }) {
  const [amending, amend] = useDisclosure(false);
  const mine = useSession().user.id === request.initiator.id;
  const { action, site, state } = request;
  const done = isOpen(state) ? [] : doneTargets(items);
  const inverse = done.length > 0 ? inverseOf(action, request.changes) : null;
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
      {inverse && <DraftButton word="Draft the inverse" site={site} action={inverse} targets={done} />}
      {mine && AGAIN.includes(state) && (
        <DraftButton
          word="Reopen as a draft"
          site={site}
          action={action}
          targets={items.map((item) => item.target.id)}
        />
      )}
      <Button variant="default" onClick={save}>
        CSV
      </Button>
      {amending && <AmendDialog request={request} items={items} onClose={amend.close} />}
    </div>
  );
}
