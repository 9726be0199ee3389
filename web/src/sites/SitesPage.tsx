import { IconMapPin, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Container, createContainer, removeContainer, renameContainer, sitesQuery } from "../api/estate";
import { placesQuery } from "../api/people";
import { ALL_SITES } from "../api/queries";
import { useSite } from "../shell/site";
import { Ask } from "../ui/ask";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { NameDialog } from "../ui/name-dialog";
import { useCan } from "../ui/permissions";
import { told } from "../ui/toast";
import { RemoveSite } from "./RemoveSite";
import { SiteCard, type SiteTask } from "./SiteCard";
import { SiteDialog } from "./SiteDialog";

type Task = SiteTask | { kind: "new" };

/** Where machines stand: sites, and the containers in them. */
export function SitesPage() {
  const scope = useSite();
  const can = useCan();
  const { data, error, refetch } = useQuery({ ...sitesQuery, refetchOnMount: "always" });
  const { data: places } = useQuery({ ...placesQuery, refetchOnMount: "always" });
  const [task, setTask] = useState<Task | null>(null);
  const close = () => setTask(null);
  const sites = data?.items.filter((site) => scope === ALL_SITES || site.id === scope) ?? [];
  const containers = (site: string) => places?.containers.filter((each) => each.site === site) ?? [];
  return (
    <div className="page">
      <header className="row between wrap">
        <div>
          <h1>Sites</h1>
          <p className="dim">
            {data
              ? `${plural(sites.length, "site")}. Roles can be given for a site or for a container in it.`
              : "Loading…"}
          </p>
        </div>
        <GatedButton
          why={can("site.manage")}
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() => setTask({ kind: "new" })}
        >
          Add a site…
        </GatedButton>
      </header>
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={2} height={120} />
      ) : sites.length === 0 ? (
        <Empty title="No site yet" icon={<IconMapPin size={28} aria-hidden="true" className="dim" />}>
          <p>A site is a place with machines. Add one, then an agent that runs there and finds them.</p>
        </Empty>
      ) : (
        sites.map((site) => (
          <SiteCard key={site.id} site={site} containers={containers(site.id)} onTask={setTask} />
        ))
      )}
      {(task?.kind === "new" || task?.kind === "change") && (
        <SiteDialog site={task.kind === "change" ? task.site : null} onClose={close} />
      )}
      {task?.kind === "remove" && <RemoveSite site={task.site} onClose={close} />}
      {task?.kind === "new-container" && (
        <NameDialog
          title={`Add a container to ${task.site.name}`}
          description="As it is called on the site. Machines are put into it on the devices page."
          confirm="Add"
          onClose={close}
          send={async (name) => {
            await createContainer(task.site.id, name);
            told("Container added", name);
            close();
          }}
        />
      )}
      {task?.kind === "rename-container" && (
        <NameDialog
          title={`Rename ${task.container.name}`}
          start={task.container.name}
          confirm="Rename"
          onClose={close}
          send={async (name) => {
            await renameContainer(task.container, name);
            told("Container renamed", name);
            close();
          }}
        />
      )}
      {task?.kind === "remove-container" && <RemoveContainer container={task.container} onClose={close} />}
    </div>
  );
}

function RemoveContainer({ container, onClose }: { container: Container; onClose: () => void }) {
  return (
    <Ask
      opened
      onClose={onClose}
      title={`Remove ${container.name}?`}
      confirm="Remove"
      danger
      onConfirm={async () => {
        await removeContainer(container);
        told("Container removed", container.name);
      }}
    >
      <p className="soft">It is empty. Roles that were given for it reach nothing any more.</p>
    </Ask>
  );
}
