import { IconCircleCheckFilled, IconCircleDashed } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { AgentCommand } from "../agents/AgentCommand";
import { NewAgent, ReissueToken } from "../agents/AgentDialogs";
import { ScanDialog } from "../agents/ScanDialog";
import { scanTasksQuery } from "../api/estate";
import { invitationsQuery, peopleQuery } from "../api/people";
import { agentsQuery } from "../api/queries";
import type { Agent } from "../api/types";
import { useSite, useSitesInScope } from "../shell/site";
import { SiteDialog } from "../sites/SiteDialog";
import { LoadError, Waiting } from "../ui/feedback";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import css from "./Devices.module.css";
import { type Step, standing } from "./first-steps";

type Task = { kind: "site" } | { kind: "agent" } | { kind: "token" | "scan"; agent: Agent };

/** The way to the first device, for an account or site that has none: a site, an agent on it, a scan, and people. */
export function FirstSteps() {
  const site = useSite();
  const sites = useSitesInScope();
  const can = useCan();
  const [task, setTask] = useState<Task | null>(null);
  const close = () => setTask(null);
  const agents = useQuery(agentsQuery);
  const scans = useQuery(scanTasksQuery);
  const mayPeople = can("user.view").allowed;
  const people = useQuery({ ...peopleQuery, enabled: mayPeople });
  const invitations = useQuery({ ...invitationsQuery, enabled: can("user.manage").allowed });
  const failed = agents.error ?? scans.error;
  if (failed)
    return (
      <LoadError
        error={failed}
        retry={() => {
          void agents.refetch();
          void scans.refetch();
        }}
      />
    );
  if (!agents.data || !scans.data) return <Waiting rows={4} height={64} />;
  const ids = new Set(sites.map(({ id }) => id));
  const here = agents.data.items.filter((agent) => ids.has(agent.site));
  const ready = here.find((agent) => agent.enrolled);
  const first = ready ?? here[0];
  const found = scans.data.items.filter((each) => ids.has(each.site));
  const steps = standing({
    sites: sites.length,
    agents: here.length,
    enrolled: here.filter((agent) => agent.enrolled).length,
    scans: found.length,
    others: (people.data?.items.length ?? 1) - 1 + (invitations.data?.items.length ?? 0),
  });
  return (
    <section className={css.first} aria-labelledby="first-steps">
      <h2 id="first-steps">No devices yet: four steps to the first one</h2>
      <ol className="plain col gap4">
        <Row step={steps.site} title="A site">
          <p className="soft">The place where the devices stand, with the power that it may draw.</p>
          {steps.site === "now" && (
            <GatedButton why={can("site.manage")} onClick={() => setTask({ kind: "site" })}>
              Add a site…
            </GatedButton>
          )}
        </Row>
        <Row step={steps.agent} title="An agent on it">
          <p className="soft">
            A program on a machine of the site's own network. It finds the devices, reads them, and carries
            out what is approved.
          </p>
          {steps.agent === "now" && !first && (
            <GatedButton why={can("agent.manage")} onClick={() => setTask({ kind: "agent" })}>
              Add an agent…
            </GatedButton>
          )}
          {steps.agent === "now" && first && (
            <>
              <p className="soft">
                {first.name} is not set up yet. Run this on its machine, and paste its token when it waits for
                it:
              </p>
              <AgentCommand />
              <GatedButton
                why={can("agent.manage")}
                variant="default"
                onClick={() => setTask({ kind: "token", agent: first })}
              >
                Another token…
              </GatedButton>
            </>
          )}
        </Row>
        <Row step={steps.scan} title="A scan of its addresses">
          <p className="soft">
            The ranges in which the agent looks for devices, and the passwords that they take.
          </p>
          {steps.scan === "now" && ready && (
            <GatedButton why={can("agent.manage")} onClick={() => setTask({ kind: "scan", agent: ready })}>
              Add a scan task…
            </GatedButton>
          )}
          {steps.scan === "done" && (
            <p className="soft">
              Devices appear here by themselves as they are found. What each scan came to stands under{" "}
              <Link to="/s/$site/agents" params={{ site }}>
                Agents & scans
              </Link>
              .
            </p>
          )}
        </Row>
        <Row step={steps.people} title="People to work with">
          <p className="soft">
            Whoever runs the devices, and whoever approves: approvals need somebody besides the one who asks.
          </p>
          {steps.people !== "done" && mayPeople && (
            <Link to="/s/$site/people" params={{ site }}>
              Add or invite people
            </Link>
          )}
        </Row>
      </ol>
      {task?.kind === "site" && <SiteDialog site={null} onClose={close} stay />}
      {task?.kind === "agent" && <NewAgent sites={sites} onClose={close} />}
      {task?.kind === "token" && <ReissueToken agent={task.agent} onClose={close} />}
      {task?.kind === "scan" && <ScanDialog agent={task.agent} task={null} onClose={close} />}
    </section>
  );
}

const WORD: Record<Step, string> = { done: "Done", now: "Next", later: "Later" };

function Row({ step, title, children }: { step: Step; title: string; children: ReactNode }) {
  const Icon = step === "done" ? IconCircleCheckFilled : IconCircleDashed;
  return (
    <li className={css.step} data-step={step} aria-current={step === "now" ? "step" : undefined}>
      <Icon size={20} aria-hidden="true" />
      <div className="col">
        <h3>
          {title} <span className="dim small">{WORD[step]}</span>
        </h3>
        {children}
      </div>
    </li>
  );
}
