import { MultiSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Webhook } from "../api/types";
import { changeWebhook, createWebhook } from "../api/webhooks";
import { FormDialog } from "../ui/form-dialog";
import { told } from "../ui/toast";

/** A new webhook, or another shape for one. */
export function WebhookDialog({
  webhook,
  types: known,
  onClose,
  onMade,
}: {
  webhook: Webhook | null;
  types: string[];
  onClose: () => void;
  onMade: (name: string, secret: string) => void;
}) {
  const [name, setName] = useState(webhook?.name ?? "");
  const [url, setUrl] = useState("");
  const [types, setTypes] = useState(webhook?.types ?? []);
  const send = async () => {
    const terms = { name: name.trim(), url: url.trim(), types };
    if (webhook) {
      await changeWebhook(webhook.id, terms);
      told("Webhook saved");
      return onClose();
    }
    const made = await createWebhook(terms);
    onMade(made.webhook.name, made.secret);
  };
  return (
    <FormDialog
      title={webhook ? `Change ${webhook.name}` : "Add a webhook"}
      confirm={webhook ? "Save" : "Add"}
      ready={name.trim() !== "" && (webhook !== null || url.trim() !== "")}
      onClose={onClose}
      send={send}
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
      <TextInput
        label="Address"
        description={
          webhook
            ? `Now at ${webhook.host}. Leave it empty to keep the address as it is.`
            : "Begins with https://. It is kept sealed and not shown again."
        }
        placeholder="https://example.com/hooks/adit"
        type="url"
        autoComplete="off"
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
        maxLength={1000}
        required={webhook === null}
        withAsterisk={false}
      />
      <MultiSelect
        label="Told of"
        description="Everything, if nothing is chosen."
        placeholder={types.length === 0 ? "Everything" : undefined}
        data={known}
        value={types}
        onChange={setTypes}
        searchable
        clearable
        maxDropdownHeight={240}
      />
    </FormDialog>
  );
}
