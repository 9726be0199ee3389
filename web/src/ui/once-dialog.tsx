import { Button, CopyButton, Modal } from "@mantine/core";
import { IconCopy } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Note } from "./feedback";
import css from "./feedback.module.css";

/** Something secret, shown this once: a click beside the dialog does not close it. */
export function OnceDialog({
  title,
  value,
  copy: word,
  warning,
  onClose,
  children,
}: {
  title: string;
  value: string;
  /** What the button copies: "the link". */
  copy: string;
  /** Who can do what with it. */
  warning: string;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className="col gap3">
        {children}
        <Note tone="warn" title="Shown only now">
          {warning}
        </Note>
        <code className={`num ${css.secret}`}>{value}</code>
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <CopyButton value={value}>
            {({ copied, copy }) => (
              <Button
                variant="default"
                leftSection={<IconCopy size={14} aria-hidden="true" />}
                onClick={copy}
              >
                {copied ? "Copied" : `Copy ${word}`}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>Done</Button>
        </div>
      </div>
    </Modal>
  );
}
