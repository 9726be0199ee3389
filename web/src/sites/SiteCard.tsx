import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Container, Site } from "../api/estate";
import { count, plural, power } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { TaskMenu } from "../ui/task-menu";
import css from "./Sites.module.css";

export type SiteTask =
  | { kind: "change" | "remove" | "new-container"; site: Site }
  | { kind: "rename-container" | "remove-container"; container: Container };

/** Most containers drawn before somebody asks for all of them. */
const FIRST = 100;

export function SiteCard({
  site,
  containers,
  onTask,
}: {
  site: Site;
  containers: Container[];
  onTask: (task: SiteTask) => void;
}) {
  const can = useCan();
  const manage = can("site.manage").why;
  const inventory = can("inventory.manage");
  const [all, setAll] = useState(false);
  return (
    <article className={`card ${css.site}`} aria-label={site.name}>
      <div className="row between">
        <h2 className={css.name}>{site.name}</h2>
        <TaskMenu
          of={site.name}
          tasks={[
            { word: "Change…", why: manage, run: () => onTask({ kind: "change", site }) },
            { word: "Remove…", why: manage, run: () => onTask({ kind: "remove", site }), danger: true },
          ]}
        />
      </div>
      <p className="row wrap">
        <Link to="/s/$site/devices" params={{ site: site.id }} search={{}} className="row">
          {plural(site.devices, "device")}
        </Link>
        <Link to="/s/$site/agents" params={{ site: site.id }} className="row">
          {plural(site.agents, "agent")}
        </Link>
        <span className="soft">{plural(site.containers, "container")}</span>
        <span className="dim">
          {site.capacity_w == null ? "Power it may draw: not set" : `May draw ${power(site.capacity_w)}`}
        </span>
      </p>
      {containers.length > 0 && (
        <table className="data stack">
          <thead>
            <tr>
              <th scope="col">Container</th>
              <th scope="col" className="r">
                Devices
              </th>
              <th scope="col">
                <span className="sr">What to do</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {containers.slice(0, all ? undefined : FIRST).map((container) => (
              <tr key={container.id}>
                <td data-label="Container">{container.name}</td>
                <td data-label="Devices" className="r num">
                  <Link
                    to="/s/$site/devices"
                    params={{ site: site.id }}
                    search={{ container: container.id }}
                    aria-label={`${plural(container.devices, "device")} in ${container.name}`}
                  >
                    {count(container.devices)}
                  </Link>
                </td>
                <td data-label="" className="r menu">
                  <TaskMenu
                    of={container.name}
                    tasks={[
                      {
                        word: "Rename…",
                        why: inventory.why,
                        run: () => onTask({ kind: "rename-container", container }),
                      },
                      {
                        word: "Remove…",
                        why: inventory.why || occupied(container),
                        run: () => onTask({ kind: "remove-container", container }),
                        danger: true,
                      },
                    ]}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className="row">
        <GatedButton
          why={inventory}
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() => onTask({ kind: "new-container", site })}
        >
          Add a container…
        </GatedButton>
        {!all && containers.length > FIRST && (
          <Button variant="subtle" onClick={() => setAll(true)}>
            Show all {count(containers.length)}
          </Button>
        )}
      </div>
    </article>
  );
}

const occupied = ({ devices }: Container) =>
  devices === 0
    ? ""
    : `${plural(devices, "device")} ${devices === 1 ? "stands" : "stand"} in it: move ${devices === 1 ? "it" : "them"} first.`;
