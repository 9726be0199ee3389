import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconPlus, IconWebhook } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Webhook } from "../api/types";
import { removeWebhook, rotateSecret, testWebhook, webhooksQuery } from "../api/webhooks";
import { Ask } from "../ui/ask";
import { Empty, LoadError, Note, Waiting } from "../ui/feedback";
import { age, ago, plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { refused, told } from "../ui/toast";
import { useNow } from "../ui/use-now";
import { Deliveries } from "./Deliveries";
import { SecretDialog } from "./SecretDialog";
import { WebhookDialog } from "./WebhookDialog";

const route = getRouteApi("/s/$site/webhooks");

type Task =
  | { kind: "new" }
  | { kind: "change" | "secret" | "remove"; webhook: Webhook }
  | { kind: "shown"; name: string; secret: string };

/** Who is told outside what happens on the account. */
export function WebhooksPage() {
  const { webhook: chosen } = route.useSearch();
  const can = useCan();
  const may = can("settings.manage");
  const { data, error, refetch } = useQuery({ ...webhooksQuery, enabled: may.allowed });
  const [task, setTask] = useState<Task | null>(null);
  const close = () => setTask(null);
  const shown = data?.items.find((webhook) => webhook.id === chosen);
  return (
    <div className="page">
      <header className="row between wrap">
        <div>
          <h1>Webhooks</h1>
          <p className="dim">
            Programs outside that are told what happens here: signed messages, tried again until they are
            taken.
          </p>
        </div>
        <GatedButton
          why={may}
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() => setTask({ kind: "new" })}
        >
          Add a webhook…
        </GatedButton>
      </header>
      {!may.allowed ? (
        <Note title="Webhooks are kept by others">{may.why}</Note>
      ) : error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={3} height={44} />
      ) : data.items.length === 0 ? (
        <Empty title="Nobody is told" icon={<IconWebhook size={28} aria-hidden="true" className="dim" />}>
          <p>Add the address of a program that is to know when requests are made, decided and carried out.</p>
        </Empty>
      ) : (
        <Table webhooks={data.items} chosen={chosen} onTask={setTask} />
      )}
      {shown && <Deliveries webhook={shown} key={shown.id} />}
      {data && (task?.kind === "new" || task?.kind === "change") && (
        <WebhookDialog
          webhook={task.kind === "change" ? task.webhook : null}
          types={data.types}
          onClose={close}
          onMade={(name, secret) => setTask({ kind: "shown", name, secret })}
        />
      )}
      {task?.kind === "shown" && <SecretDialog name={task.name} secret={task.secret} onClose={close} />}
      <Ask
        opened={task?.kind === "remove"}
        onClose={close}
        title={task?.kind === "remove" ? `Remove ${task.webhook.name}?` : ""}
        confirm="Remove"
        danger
        onConfirm={async () => {
          if (task?.kind === "remove") await removeWebhook(task.webhook.id);
          told("Webhook removed");
        }}
      >
        <p className="soft">It is told nothing more, and the log of what it was told is deleted.</p>
      </Ask>
      <Ask
        opened={task?.kind === "secret"}
        onClose={close}
        title={task?.kind === "secret" ? `A new secret for ${task.webhook.name}?` : ""}
        confirm="Make a new secret"
        onConfirm={async () => {
          if (task?.kind !== "secret") return;
          const { name, id } = task.webhook;
          const { secret } = await rotateSecret(id);
          // After the question has closed itself.
          window.setTimeout(() => setTask({ kind: "shown", name, secret }));
        }}
      >
        <p className="soft">For a day messages carry a signature with the old secret as well.</p>
      </Ask>
    </div>
  );
}

function Table({
  webhooks,
  chosen,
  onTask,
}: {
  webhooks: Webhook[];
  chosen?: string;
  onTask: (task: Task) => void;
}) {
  const now = useNow();
  const { site } = route.useParams();
  return (
    <div className="card scroll-x" style={{ padding: 0 }}>
      <table className="data stack">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Machine</th>
            <th scope="col">Told of</th>
            <th scope="col">State</th>
            <th scope="col">Last message</th>
            <th scope="col">
              <span className="sr">What to do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {webhooks.map((webhook) => (
            <tr key={webhook.id}>
              <td data-label="Name">
                <Link
                  to="/s/$site/webhooks"
                  params={{ site }}
                  search={webhook.id === chosen ? {} : { webhook: webhook.id }}
                  aria-expanded={webhook.id === chosen}
                >
                  {webhook.name}
                </Link>
              </td>
              <td data-label="Machine" className="num">
                {webhook.host}
              </td>
              <td data-label="Told of">
                {webhook.types.length === 0 ? "everything" : plural(webhook.types.length, "type")}
              </td>
              <td data-label="State">
                <State webhook={webhook} now={now} />
              </td>
              <td data-label="Last message">
                {webhook.last ? (
                  <span>
                    {webhook.last.type}, {ago(webhook.last.at, now)}
                  </span>
                ) : (
                  "none yet"
                )}
              </td>
              <td data-label="" className="r menu">
                <TaskMenu webhook={webhook} onTask={onTask} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function State({ webhook, now }: { webhook: Webhook; now: number }) {
  if (webhook.disabled_at !== null)
    return <span className="bad">Disabled {ago(webhook.disabled_at, now)}: save it again</span>;
  if (webhook.failing_since !== null)
    return <span className="warn">Has failed for {age(now - webhook.failing_since)}</span>;
  return <span className="good">Works</span>;
}

function TaskMenu({ webhook, onTask }: { webhook: Webhook; onTask: (task: Task) => void }) {
  const off = webhook.disabled_at !== null;
  const test = () =>
    testWebhook(webhook.id).then(() => told("Test message on its way", `To ${webhook.host}.`), refused);
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" size={32} aria-label={`What to do with ${webhook.name}`}>
          <IconDots size={18} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onTask({ kind: "change", webhook })}>
          {off ? "Change, and tell it again…" : "Change…"}
        </Menu.Item>
        {!off && <Menu.Item onClick={() => void test()}>Send a test message</Menu.Item>}
        <Menu.Item onClick={() => onTask({ kind: "secret", webhook })}>New secret…</Menu.Item>
        <Menu.Divider />
        <Menu.Item className="bad" onClick={() => onTask({ kind: "remove", webhook })}>
          Remove…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
