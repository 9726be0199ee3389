import type { ReactNode } from "react";
import { OnceDialog } from "../ui/once-dialog";

/** What belongs to a key, this once. */
export function SecretsDialog({
  name,
  secrets,
  onClose,
  children,
}: {
  name: string;
  secrets: { token: string; signing_secret: string };
  onClose: () => void;
  /** What else is to be said: that it waits. */
  children?: ReactNode;
}) {
  return (
    <OnceDialog
      title={`The secrets of ${name}`}
      value={secrets.token}
      copy="the token"
      warning="Whoever has the token acts with this key, from where it may be used."
      onClose={onClose}
    >
      {children}
      <p className="soft">
        Programs send the token as <code>Authorization: Bearer …</code>. The signing secret is for signed
        calls and is never sent:
      </p>
      <code className="num" style={{ overflowWrap: "anywhere" }}>
        {secrets.signing_secret}
      </code>
    </OnceDialog>
  );
}
