import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { vote } from "../api/mutations";
import { problemOf } from "../api/problem";
import { requestQuery } from "../api/queries";
import type { Request, RequestSummary } from "../api/types";
import { useSiteName } from "../shell/site";
import { actionTitle } from "../ui/actions";
import { ChangeRows } from "../ui/changes";
import { Note, Tile, Tiles, Waiting } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { count, deltaPower, plural } from "../ui/format";
import { told } from "../ui/toast";

/** Several requests of one kind on one site, with their effect together, approved one after the other. */
export function AlikeDialog({ items, onClose }: { items: readonly RequestSummary[]; onClose: () => void }) {
  const siteName = useSiteName();
  const [kept] = useState(items);
  // In full, for the content that each vote is bound to.
  const queries = useQueries({ queries: kept.map((item) => requestQuery(item.id)) });
  const requests = queries.flatMap((query) => query.data ?? []);
  const open = requests.filter((request) => request.state === "pending" && request.my.can_vote);
  const [first] = kept;
  const send = async () => {
    let approved = 0;
    for (const request of open) {
      try {
        await vote(request, "approve", "");
      } catch (error) {
        if (approved > 0) told(`${plural(approved, "request")} approved`);
        throw new Error(`R-${request.number}: ${problemOf(error).detail}`, { cause: error });
      }
      approved += 1;
    }
    told(`${plural(approved, "request")} approved`);
    onClose();
  };
  return (
    <FormDialog
      title={`Approve ${plural(kept.length, "request")} together?`}
      size={640}
      confirm={`Approve ${count(open.length)}`}
      ready={requests.length === kept.length && open.length > 0}
      onClose={onClose}
      send={send}
      refusal={(error) =>
        error instanceof Error && error.cause ? (
          <Note tone="bad" title="It stopped here; what came before is approved" alert>
            {error.message}
          </Note>
        ) : null
      }
    >
      {first?.site && (
        <p className="soft">
          {actionTitle(first.action)}, on {siteName(first.site)}. One vote is cast on each, bound to what you
          see here.
        </p>
      )}
      {requests.length < kept.length ? <Waiting rows={3} height={40} /> : <Together requests={open} />}
    </FormDialog>
  );
}

function Together({ requests }: { requests: readonly Request[] }) {
  const sum = (of: (request: Request) => number) =>
    requests.reduce((total, request) => total + of(request), 0);
  const unknown = sum((request) => request.effect.unknown);
  return (
    <>
      <Tiles>
        <Tile label="Devices" value={count(sum((request) => request.targets))} />
        <Tile
          label="Power, estimated"
          value={deltaPower(sum((request) => request.effect.delta_w ?? 0))}
          note={unknown > 0 ? `no estimate for ${plural(unknown, "device")}` : undefined}
        />
      </Tiles>
      <ul className="plain col">
        {requests.map((request) => (
          <li key={request.id}>
            <div className="row between">
              <span>
                <span className="num dim">R-{request.number}</span> {request.title}
              </span>
              <span className="num nowrap">{deltaPower(request.effect.delta_w)}</span>
            </div>
            <div className="small dim">
              {request.initiator.name}
              {request.reason && `: “${request.reason}”`}
            </div>
            <ChangeRows rows={request.changes} />
          </li>
        ))}
      </ul>
    </>
  );
}
