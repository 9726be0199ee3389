import { TextInput } from "@mantine/core";
import { useState } from "react";
import type { GrantTerms, Person, PersonGrant } from "../api/account-types";
import { addGrant, addPerson, amend, changeGrant } from "../api/people";
import { hasCode } from "../api/problem";
import type { Request } from "../api/types";
import { AMEND, Amends, amendTitle, NOTHING_NEW } from "../ui/amends";
import { Note } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { useNow } from "../ui/use-now";
import { useOutcome } from "../ui/use-outcome";
import { GrantFields } from "./GrantFields";
import { incomplete, NO_TERMS, sameTerms, type Terms, termsOf, toSend } from "./terms";

/** What the dialog is for: somebody new, one more role, or another role in a grant's place. */
export type GrantTask =
  | { kind: "new" }
  | { kind: "more"; person: Person }
  | { kind: "change"; person: Person; grant: PersonGrant }
  // Whom a request is for need not be among the account's people yet.
  | { kind: "amend"; person: Person | null; request: Request; asked: GrantTerms };

const TITLE = { new: "Add a person", more: "Give one more role", change: "Change the role" };

function atFirst(task: GrantTask): Terms {
  if (task.kind === "change") return termsOf(task.grant);
  return task.kind === "amend" ? termsOf(task.asked) : NO_TERMS;
}

function ask(task: GrantTask, email: string, terms: GrantTerms): Promise<Request> {
  switch (task.kind) {
    case "new":
      return addPerson(email, terms);
    case "more":
      return addGrant(task.person.id, terms);
    case "change":
      return changeGrant(task.grant.id, terms);
    case "amend": {
      const { action } = task.request;
      if (action.action === "change_grant")
        return amend(task.request, { ...action, params: { grant: action.params.grant, ...terms } });
      if (action.action === "add_grant")
        return amend(task.request, { ...action, params: { user: action.params.user, ...terms } });
      throw new Error(`No role is given by ${action.action}`);
    }
  }
}

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
  const [terms, setTerms] = useState(atFirst(task));
  const amends = task.kind === "amend" ? task.request : undefined;
  const now = useNow();
  const tell = useOutcome();
  const send = async () => {
    const request = await ask(task, email.trim(), toSend(terms));
    onClose();
    await tell(request, task.kind === "change" ? "Role changed" : "Role given");
  };
  const missing = incomplete(terms, now);
  const same = task.kind === "amend" && sameTerms(terms, termsOf(task.asked));
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
      title={task.kind === "amend" ? amendTitle(task.request) : TITLE[task.kind]}
      confirm={amends ? AMEND : task.kind === "change" ? "Change" : "Give the role"}
      ready={missing === "" && !same && (task.kind !== "new" || email.trim() !== "")}
      hint={same ? NOTHING_NEW : terms.role !== "" ? missing : ""}
      refusal={refusal}
      onClose={onClose}
      send={send}
    >
      {amends && <Amends request={amends} />}
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
          <b>{task.person?.name ?? amends?.title}</b> <span className="dim">{task.person?.email}</span>
        </p>
      )}
      <GrantFields terms={terms} onChange={setTerms} />
    </FormDialog>
  );
}
