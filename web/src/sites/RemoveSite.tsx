import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { removeSite, type Site, scanTasksQuery } from "../api/estate";
import { Note } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { plural } from "../ui/format";
import { TypedName } from "../ui/typed-name";
import { useOutcome } from "../ui/use-outcome";

/** The end of a site: what goes with it, and its name typed. */
export function RemoveSite({ site, onClose }: { site: Site; onClose: () => void }) {
  const [name, setName] = useState("");
  const { data: tasks } = useQuery(scanTasksQuery);
  const tell = useOutcome();
  const scans = tasks?.items.filter((task) => task.site === site.id).length ?? 0;
  const gone = [
    plural(site.devices, "device"),
    plural(site.containers, "container"),
    plural(site.agents, "agent"),
    plural(scans, "scan task"),
  ];
  const empty = site.devices + site.containers + site.agents === 0;
  return (
    <FormDialog
      title={`Remove ${site.name}?`}
      confirm="Remove the site"
      danger
      ready={name === site.name}
      onClose={onClose}
      send={async () => {
        const request = await removeSite(site, name);
        onClose();
        await tell(request, `${site.name} removed`);
      }}
    >
      {empty ? (
        <p className="soft">Nothing is on it.</p>
      ) : (
        <Note tone="warn" title={`With it go ${gone.slice(0, -1).join(", ")} and ${gone.at(-1)}`}>
          The machines keep mining as they are set; nobody sees or controls them from here any more.
        </Note>
      )}
      <TypedName of="the site's name" name={site.name} value={name} onChange={setName} />
    </FormDialog>
  );
}
