import { Button, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Person, PersonGrant } from "../api/account-types";
import { addGrant, addPerson, changeGrant } from "../api/people";
import { hasCode } from "../api/problem";
import { Note, ProblemNote } from "../ui/feedback";
import { useNow } from "../ui/use-now";
import { useOutcome } from "../ui/use-outcome";
import { useSubmit } from "../ui/use-submit";
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
  const { busy, error, submit } = useSubmit(async () => {
    const asked = toSend(terms);
    const request =
      task.kind === "new"
        ? await addPerson(email.trim(), asked)
        : task.kind === "more"
          ? await addGrant(task.person.id, asked)
          : await changeGrant(task.grant.id, asked);
    onClose();
    await tell(request, task.kind === "change" ? "Role changed" : "Role given");
  });
  const missing = incomplete(terms, now);
  const unknown = hasCode(error, "not_registered");
  return (
    <Modal opened onClose={onClose} title={TITLE[task.kind]} closeButtonProps={{ "aria-label": "Close" }}>
      <form className="col gap3" onSubmit={submit}>
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
        {unknown ? (
          <Note tone="warn" title="Nobody is registered with this e-mail" alert>
            <button type="button" className="link" onClick={() => onInvite(email.trim())}>
              Invite them instead
            </button>
          </Note>
        ) : (
          error !== null && <ProblemNote error={error} />
        )}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          {missing && terms.role !== "" && <span className="dim small grow">{missing}</span>}
          <Button variant="default" onClick={onClose}>
            {task.kind === "change" ? "Keep as it is" : "Cancel"}
          </Button>
          <Button
            type="submit"
            loading={busy}
            disabled={missing !== "" || (task.kind === "new" && email.trim() === "")}
          >
            {task.kind === "change" ? "Change" : "Give the role"}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
