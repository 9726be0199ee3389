import { TextInput } from "@mantine/core";
import { useState } from "react";
import type { Person, PersonGrant } from "../api/account-types";
import { addGrant, addPerson, changeGrant } from "../api/people";
import { hasCode } from "../api/problem";
import { Note } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { useNow } from "../ui/use-now";
import { useOutcome } from "../ui/use-outcome";
import { GrantFields } from "./GrantFields";
import { incomplete, NO_TERMS, termsOf, toSend } from "./terms";

/** What the dialog is for: somebody new, one more role, or another role in a grant's place. */
export type GrantTask =
  | { kind: "new" }
  | { kind: "more"; person: Person }
  | { kind: "change"; person: Person; grant: PersonGrant };

const TITLE = { new: "Add a person", more: "Give one more role", change: "Change the role" };

export function GrantDialog({
  task,
  onClose,
  onInvite,
}: {
  task: GrantTask;
  onClose: () => void;
  /** For an e-mail that nobody has registered. */
  onInvite: (email: string) => void;
}) {
  const [email, setEmail] = useState("");
  const [terms, setTerms] = useState(task.kind === "change" ? termsOf(task.grant) : NO_TERMS);
  const now = useNow();
  const tell = useOutcome();
  const send = async () => {
    const asked = toSend(terms);
    const request =
      task.kind === "new"
        ? await addPerson(email.trim(), asked)
        : task.kind === "more"
          ? await addGrant(task.person.id, asked)
          : await changeGrant(task.grant.id, asked);
    onClose();
    await tell(request, task.kind === "change" ? "Role changed" : "Role given");
  };
  const missing = incomplete(terms, now);
  const refusal = (error: unknown) =>
    hasCode(error, "not_registered") ? (
      <Note tone="warn" title="Nobody is registered with this e-mail" alert>
        <button type="button" className="link" onClick={() => onInvite(email.trim())}>
          Invite them instead
        </button>
      </Note>
    ) : null;
  return (
    <FormDialog
      title={TITLE[task.kind]}
      confirm={task.kind === "change" ? "Change" : "Give the role"}
      keep={task.kind === "change" ? "Keep as it is" : "Cancel"}
      ready={missing === "" && (task.kind !== "new" || email.trim() !== "")}
      hint={terms.role !== "" ? missing : ""}
      refusal={refusal}
      onClose={onClose}
      send={send}
    >
      {task.kind === "new" ? (
        <TextInput
          label="E-mail"
          description="Of somebody who is registered here. Others can be invited."
          type="email"
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          required
          withAsterisk={false}
          data-autofocus
        />
      ) : (
        <p>
          <b>{task.person.name}</b> <span className="dim">{task.person.email}</span>
        </p>
      )}
      <GrantFields terms={terms} onChange={setTerms} />
    </FormDialog>
  );
}
