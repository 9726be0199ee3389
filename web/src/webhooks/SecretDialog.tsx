import { Button, CopyButton, Modal } from "@mantine/core";
import { IconCopy } from "@tabler/icons-react";
import { Note } from "../ui/feedback";
import css from "./Webhooks.module.css";

/** A secret, this once. */
export function SecretDialog({
  name,
  secret,
  onClose,
}: {
  name: string;
  secret: string;
  onClose: () => void;
}) {
  return (
    <Modal
      opened
      onClose={onClose}
      title={`The secret of ${name}`}
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className="col gap3">
        <p className="soft">
          With it the receiver checks the header <code>webhook-signature</code>, as the Standard Webhooks
          libraries do.
        </p>
        <Note tone="warn" title="Shown only now">
          Whoever has it can send messages that look like ours.
        </Note>
        <code className={`num ${css.secret}`}>{secret}</code>
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <CopyButton value={secret}>
            {({ copied, copy }) => (
              <Button
                variant="default"
                leftSection={<IconCopy size={14} aria-hidden="true" />}
                onClick={copy}
              >
                {copied ? "Copied" : "Copy the secret"}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>Done</Button>
        </div>
      </div>
    </Modal>
  );
}
