import { TextInput } from "@mantine/core";
import { useState } from "react";
import type { Invitation } from "../api/account-types";
import { invite } from "../api/people";
import { hasCode } from "../api/problem";
import { useRoleTitle } from "../roles/role-title";
import { Note } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { OnceDialog } from "../ui/once-dialog";
import { told } from "../ui/toast";
import { useNow } from "../ui/use-now";
import { GrantFields } from "./GrantFields";
import { incomplete, NO_TERMS, toSend } from "./terms";

/** An invitation for somebody who is not registered yet. Its link goes by letter; only where there is no mail is it shown, once. */
export function InviteDialog({
  email: first,
  onClose,
  onAdd,
}: {
  email: string;
  onClose: () => void;
  /** For an e-mail that is registered already. */
  onAdd: () => void;
}) {
  const [email, setEmail] = useState(first);
  const [terms, setTerms] = useState(NO_TERMS);
  const [made, setMade] = useState<Invitation | null>(null);
  const now = useNow();
  const send = async () => {
    const { role, scope, remark } = toSend(terms);
    const invitation = await invite({ email: email.trim(), role, scope, remark });
    if (invitation.link) return setMade(invitation);
    onClose();
    told("Invitation sent", `The letter to ${invitation.email} holds the link; it is shown to nobody else.`);
  };
  const missing = incomplete(terms, now);
  const refusal = (error: unknown) =>
    hasCode(error, "registered") ? (
      <Note tone="warn" title="Somebody is registered with this e-mail" alert>
        <button type="button" className="link" onClick={onAdd}>
          Add them without an invitation
        </button>
      </Note>
    ) : null;
  if (made) return <Made made={made} onClose={onClose} />;
  return (
    <FormDialog
      title="Invite a person"
      confirm="Invite"
      ready={missing === "" && email.trim() !== ""}
      hint={terms.role !== "" ? missing : ""}
      refusal={refusal}
      onClose={onClose}
      send={send}
    >
      <TextInput
        label="E-mail"
        description="Of somebody who has no account here yet."
        type="email"
        autoComplete="off"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        required
        withAsterisk={false}
        data-autofocus
      />
      <GrantFields terms={terms} onChange={setTerms} short />
    </FormDialog>
  );
}

function Made({ made, onClose }: { made: Invitation; onClose: () => void }) {
  const roleTitle = useRoleTitle();
  return (
    <OnceDialog
      title="Invitation made"
      value={made.link ?? ""}
      copy="the link"
      warning="Whoever has the link can use it, once."
      onClose={onClose}
    >
      <p className="soft">
        {made.email} can join as {roleTitle(made.role)} within seven days. This server sends no mail: pass the
        link on yourself. As it shows nothing of whose the e-mail is, what they approve counts only once
        whoever runs the server has confirmed it with <code>adit people verify {made.email}</code>.
      </p>
    </OnceDialog>
  );
}
