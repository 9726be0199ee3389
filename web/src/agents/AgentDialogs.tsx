import { Radio, Select, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { changeAgent, createAgent, reissueToken } from "../api/estate";
import type { Agent, Request, SiteRef } from "../api/types";
import { FormDialog } from "../ui/form-dialog";
import { OnceDialog } from "../ui/once-dialog";
import { useOutcome } from "../ui/use-outcome";
import { AgentCommand } from "./AgentCommand";

interface Made {
  name: string;
  token: string;
  request: Request;
}

/** A new agent: its site and name, then the command that sets it up, this once. */
export function NewAgent({ sites, onClose }: { sites: SiteRef[]; onClose: () => void }) {
  const [site, setSite] = useState(sites[0]?.id ?? null);
  const [name, setName] = useState("");
  const [made, setMade] = useState<Made | null>(null);
  const tell = useOutcome();
  if (made) return <SetUp made={made} onClose={onClose} tell={tell} />;
  return (
    <FormDialog
      title="Add an agent"
      confirm="Add"
      ready={name.trim() !== "" && site !== null}
      onClose={onClose}
      send={async () => {
        if (!site) return;
        const { token, request } = await createAgent(site, name.trim());
        setMade({ name: name.trim(), token, request });
      }}
    >
      <Select
        label="Site"
        value={site}
        onChange={setSite}
        allowDeselect={false}
        data={sites.map((each) => ({ value: each.id, label: each.name }))}
      />
      <TextInput
        label="Name"
        description="Such as the machine it runs on."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={60}
        autoComplete="off"
        required
        withAsterisk={false}
        data-autofocus
      />
    </FormDialog>
  );
}

/** What to do with a token, shown this once. */
function SetUp({
  made,
  onClose,
  tell,
}: {
  made: Made;
  onClose: () => void;
  tell: ReturnType<typeof useOutcome>;
}) {
  const waits = made.request.state !== "executed";
  const leave = () => {
    onClose();
    if (waits) void tell(made.request, "");
  };
  return (
    <OnceDialog
      title={`Set up ${made.name}`}
      value={made.token}
      copy="the token"
      warning="Whoever has the token can be this agent. It works once, within 24 hours."
      onClose={leave}
    >
      <p className="soft">
        {waits
          ? `R-${made.request.number} waits for approval: the token works once that is carried out. Then run this on a machine of the site, and paste the token when it waits for it:`
          : "Run this on a machine of the site, and paste the token when it waits for it; the agent then shows here as connected."}
      </p>
      <AgentCommand />
    </OnceDialog>
  );
}

/** Another token for an agent that has not been set up. */
export function ReissueToken({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const [made, setMade] = useState<Made | null>(null);
  const tell = useOutcome();
  if (made) return <SetUp made={made} onClose={onClose} tell={tell} />;
  return (
    <FormDialog
      title={`Another token for ${agent.name}`}
      confirm="Issue"
      ready
      onClose={onClose}
      send={async () => {
        const { token, request } = await reissueToken(agent.id);
        setMade({ name: agent.name, token, request });
      }}
    >
      <p className="soft">The token before it opens nothing any more. The new one is good for 24 hours.</p>
    </FormDialog>
  );
}

/** Another name or mode for an agent. */
export function ChangeAgent({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const [name, setName] = useState(agent.name);
  const [mode, setMode] = useState(agent.mode);
  const [reason, setReason] = useState("");
  const tell = useOutcome();
  return (
    <FormDialog
      title={`Change ${agent.name}`}
      confirm="Change"
      ready={name.trim() !== "" && (name.trim() !== agent.name || mode !== agent.mode)}
      onClose={onClose}
      send={async () => {
        const asked = { name: name.trim(), mode, paused: agent.paused };
        const request = await changeAgent(agent, {
          ...asked,
          ...(reason.trim() && { reason: reason.trim() }),
        });
        onClose();
        await tell(request, "Agent changed");
      }}
    >
      <TextInput
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={60}
        required
        withAsterisk={false}
        data-autofocus
      />
      <Radio.Group
        label="Mode"
        value={mode}
        onChange={(chosen) => setMode(chosen === "full_control" ? "full_control" : "monitoring_only")}
      >
        <div className="col" style={{ marginTop: 6 }}>
          <Radio
            value="full_control"
            label="Full control"
            description="Reads its machines and carries out what is approved."
          />
          <Radio
            value="monitoring_only"
            label="Monitoring only"
            description="Reads its machines; refuses every order, whoever approved it."
          />
        </div>
      </Radio.Group>
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
