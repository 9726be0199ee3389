import { Select, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { assignDevices, placeDevices } from "../api/estate";
import { placesQuery } from "../api/people";
import { useSiteName } from "../shell/site";
import { LoadError, Note } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { plural } from "../ui/format";
import { useOutcome } from "../ui/use-outcome";
import { bySite, type Picks, selection } from "./selection";

export type Move = "place" | "assign";

const NOWHERE = "nowhere";
const MOST_SHOWN = 100;

/** Where the selected devices stand, or whose they are. Not a change of the devices: it is asked for by itself. */
export function MoveDialog({ move, picks, onClose }: { move: Move; picks: Picks; onClose: () => void }) {
  const { data, error, refetch } = useQuery(placesQuery);
  const siteName = useSiteName();
  const [to, setTo] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const tell = useOutcome();
  const sites = [...bySite(picks).keys()];
  const [site] = sites;
  const devices = plural(picks.size, "device");
  const places =
    move === "assign"
      ? (data?.subAccounts ?? [])
      : (data?.containers.filter((each) => sites.length === 1 && each.site === site) ?? []);
  const none = move === "place" ? "In no container" : "To no sub-account";
  const send = async () => {
    const ids = [...picks.keys()];
    const target = to === NOWHERE ? null : to;
    const ask = move === "place" ? placeDevices : assignDevices;
    const request = await ask(ids, target, reason.trim());
    onClose();
    selection.clear();
    await tell(request, move === "place" ? `${devices} placed` : `${devices} assigned`);
  };
  return (
    <FormDialog
      title={move === "place" ? `Place ${devices}` : `Assign ${devices}`}
      confirm={move === "place" ? "Place" : "Assign"}
      ready={to !== null}
      onClose={onClose}
      send={send}
    >
      <p className="soft">
        {move === "place"
          ? "Says in which container they stand. Nothing is sent to them."
          : "Says for whom they mine: whoever has a role for that sub-account sees them, and their hashrate counts there. Their pools stay as they are."}
      </p>
      {error && <LoadError error={error} retry={() => void refetch()} />}
      {move === "place" && sites.length > 1 && (
        <Note tone="warn" title="They are on several sites">
          Select the devices of one site to place them in a container there.
        </Note>
      )}
      <Select
        label={
          move === "place"
            ? `Container${site && sites.length === 1 ? ` on ${siteName(site)}` : ""}`
            : "Sub-account"
        }
        placeholder={data ? "Choose" : "Loading…"}
        data={[
          ...places.map(({ id, name }) => ({ value: id, label: name })),
          { value: NOWHERE, label: none },
        ]}
        value={to}
        onChange={setTo}
        limit={MOST_SHOWN}
        searchable
        allowDeselect={false}
        required
        withAsterisk={false}
      />
      <Textarea
        label="Reason (optional)"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={1000}
        rows={2}
      />
    </FormDialog>
  );
}
