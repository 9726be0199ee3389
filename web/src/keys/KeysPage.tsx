import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { ownKeysQuery, revokeKey } from "../api/keys";
import { useSession } from "../api/session";
import type { ApiKey, ApiKeyIssued } from "../api/types";
import { useSite } from "../shell/site";
import { Ask } from "../ui/ask";
import { Empty, LoadError, Note, Waiting } from "../ui/feedback";
import { GatedButton } from "../ui/gated";
import { told } from "../ui/toast";
import { useNow } from "../ui/use-now";
import { ChangeDialog } from "./ChangeDialog";
import { KeyDialog } from "./KeyDialog";
import { KeyTable } from "./KeyTable";
import { RotateDialog } from "./RotateDialog";
import { SecretsDialog } from "./SecretsDialog";

export type KeyTask = { kind: "change" | "rotate" | "revoke"; apiKey: ApiKey };
type Task =
  | KeyTask
  | { kind: "new" }
  | {
      kind: "shown";
      name: string;
      secrets: { token: string; signing_secret: string };
      request: ApiKeyIssued["request"];
    };

/** API Authorization: one's own keys on this account. */
export function KeysPage() {
  const { account } = useSession();
  const site = useSite();
  const now = useNow();
  const { data, error, refetch } = useQuery(ownKeysQuery);
  const [task, setTask] = useState<Task | null>(null);
  const close = () => setTask(null);
  const grants = data?.grants ?? [];
  const without = `You have no API access on ${account.name}: whoever manages people gives it with your role.`;
  return (
    <div className="page">
      <header className="row between wrap">
        <div>
          <h1>API Authorization</h1>
          <p className="dim">
            Your own keys for programs. Each does at most what your role may do on {account.name}, and never
            votes.
          </p>
        </div>
        <GatedButton
          why={data && grants.length === 0 ? without : ""}
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() => setTask({ kind: "new" })}
          disabled={!data}
        >
          New key…
        </GatedButton>
      </header>
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={3} height={44} />
      ) : grants.length === 0 && data.items.length === 0 ? (
        <Note title="No API access">{without}</Note>
      ) : data.items.length === 0 ? (
        <Empty title="No keys yet" icon={<IconKey size={28} aria-hidden="true" className="dim" />}>
          <p>A key that reads is there at once. One that writes is approved first.</p>
        </Empty>
      ) : (
        <KeyTable
          keys={data.items}
          now={now}
          menu={(apiKey) => <TaskMenu apiKey={apiKey} onTask={setTask} />}
        />
      )}
      {task?.kind === "new" && (
        <KeyDialog
          grants={grants}
          onClose={close}
          onMade={(name, made) => setTask({ kind: "shown", name, secrets: made, request: made.request })}
        />
      )}
      {task?.kind === "change" && <ChangeDialog apiKey={task.apiKey} now={now} onClose={close} />}
      {task?.kind === "rotate" && (
        <RotateDialog
          apiKey={task.apiKey}
          onClose={close}
          onMade={(secrets) => setTask({ kind: "shown", name: task.apiKey.name, secrets, request: null })}
        />
      )}
      {task?.kind === "shown" && (
        <SecretsDialog name={task.name} secrets={task.secrets} onClose={close}>
          {task.request && task.request.state === "pending" && (
            <Note title="It opens nothing yet">
              It waits for approval:{" "}
              <Link to="/s/$site/requests/$id" params={{ site, id: task.request.id }}>
                R-{task.request.number}
              </Link>
              . Keep what stands here until then.
            </Note>
          )}
        </SecretsDialog>
      )}
      <Ask
        opened={task?.kind === "revoke"}
        onClose={close}
        title={task?.kind === "revoke" ? `Revoke ${task.apiKey.name}?` : ""}
        confirm="Revoke"
        danger
        onConfirm={async () => {
          if (task?.kind === "revoke") await revokeKey(task.apiKey.id);
          told("API key revoked");
        }}
      >
        <p className="soft">
          It opens nothing any more at once, and what it has asked for and still waits ends.
        </p>
      </Ask>
    </div>
  );
}

function TaskMenu({ apiKey, onTask }: { apiKey: ApiKey; onTask: (task: KeyTask) => void }) {
  if (apiKey.revoked_at !== null) return null;
  const live = apiKey.standing === "live";
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" size={32} aria-label={`What to do with ${apiKey.name}`}>
          <IconDots size={18} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {live && <Menu.Item onClick={() => onTask({ kind: "change", apiKey })}>Rename or narrow…</Menu.Item>}
        {live && <Menu.Item onClick={() => onTask({ kind: "rotate", apiKey })}>New secret…</Menu.Item>}
        {live && <Menu.Divider />}
        <Menu.Item className="bad" onClick={() => onTask({ kind: "revoke", apiKey })}>
          Revoke…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
