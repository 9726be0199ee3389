import { OnceDialog } from "../ui/once-dialog";

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
    <OnceDialog
      title={`The secret of ${name}`}
      value={secret}
      copy="the secret"
      warning="Whoever has it can send messages that look like ours."
      onClose={onClose}
    >
      <p className="soft">
        With it the receiver checks the header <code>webhook-signature</code>, as the Standard Webhooks
        libraries do.
      </p>
    </OnceDialog>
  );
}
