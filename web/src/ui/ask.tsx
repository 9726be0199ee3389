import { Button, Modal, Textarea } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { useInFront } from "../api/step-up";
import { ProblemNote } from "./feedback";
import { sendsAtEnter } from "./send-keys";

/** A question before something happens, with a reason where one is wanted. */
export function Ask({
  opened,
  onClose,
  title,
  children,
  confirm,
  keep = "Cancel",
  danger = false,
  reason = "none",
  reasonLabel = "Reason",
  initial = "",
  size,
  onConfirm,
}: {
  opened: boolean;
  onClose: () => void;
  title: string;
  children?: ReactNode;
  confirm: string;
  /** The word for leaving everything as it is. */
  keep?: string;
  danger?: boolean;
  reason?: "none" | "optional" | "required";
  reasonLabel?: string;
  /** What stands in the reason at first. */
  initial?: string;
  /** Of the dialog, px, where it shows more than a question. */
  size?: number;
  onConfirm: (reason: string) => Promise<unknown>;
}) {
  const inFront = useInFront();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (opened) {
      setText(initial);
      setError(null);
    }
  }, [opened, initial]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await onConfirm(text.trim());
      onClose();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      size={size}
      closeOnEscape={inFront}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit} className="col gap3">
        {children}
        {reason !== "none" && (
          <Textarea
            label={reason === "optional" ? `${reasonLabel} (optional)` : reasonLabel}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            required={reason === "required"}
            withAsterisk={false}
            maxLength={1000}
            rows={3}
            onKeyDown={sendsAtEnter}
            data-autofocus
          />
        )}
        {error !== null && <ProblemNote error={error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={onClose}>
            {keep}
          </Button>
          <Button
            type="submit"
            color={danger ? "danger" : undefined}
            loading={busy}
            disabled={reason === "required" && text.trim() === ""}
            data-autofocus={reason === "none" || undefined}
          >
            {confirm}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
