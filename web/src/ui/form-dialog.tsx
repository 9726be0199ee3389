import { Button, Modal, type ModalProps } from "@mantine/core";
import type { ReactNode } from "react";
import { useInFront } from "../api/step-up";
import { ProblemNote } from "./feedback";
import { useSubmit } from "./use-submit";

/** A form in a dialog: its fields, what was refused, and the two ways out. `send` closes it by itself. */
export function FormDialog({
  title,
  size,
  confirm,
  ready = true,
  hint,
  danger = false,
  onClose,
  send,
  refusal,
  children,
}: {
  title: string;
  size?: ModalProps["size"];
  confirm: string;
  ready?: boolean;
  /** What is still missing. */
  hint?: string;
  danger?: boolean;
  onClose: () => void;
  send: () => Promise<unknown>;
  /** What a refusal looks like, if it is one that the form can help with; else null. */
  refusal?: (error: unknown) => ReactNode | null;
  children: ReactNode;
}) {
  const inFront = useInFront();
  const { busy, error, submit } = useSubmit(send);
  return (
    <Modal
      opened
      onClose={onClose}
      size={size}
      title={title}
      closeOnEscape={inFront}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form className="col gap3" onSubmit={submit}>
        {children}
        {error !== null && (refusal?.(error) ?? <ProblemNote error={error} />)}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          {hint && <span className="dim small grow">{hint}</span>}
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={!ready} color={danger ? "danger" : undefined}>
            {confirm}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
