import { Button, Modal, MultiSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Webhook } from "../api/types";
import { changeWebhook, createWebhook } from "../api/webhooks";
import { ProblemNote } from "../ui/feedback";
import { told } from "../ui/toast";
import { useSubmit } from "../ui/use-submit";

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
  const { busy, error, submit } = useSubmit(async () => {
    const terms = { name: name.trim(), url: url.trim(), types };
    if (webhook) {
      await changeWebhook(webhook.id, terms);
      told("Webhook saved");
      return onClose();
    }
    const made = await createWebhook(terms);
    onMade(made.webhook.name, made.secret);
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={webhook ? `Change ${webhook.name}` : "Add a webhook"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form className="col gap3" onSubmit={submit}>
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
        {error !== null && <ProblemNote error={error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={busy}
            disabled={name.trim() === "" || (webhook === null && url.trim() === "")}
          >
            {webhook ? "Save" : "Add"}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
