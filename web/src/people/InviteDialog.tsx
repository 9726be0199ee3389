import { Button, CopyButton, Modal, TextInput } from "@mantine/core";
import { IconCopy } from "@tabler/icons-react";
import { useState } from "react";
import type { Invitation } from "../api/account-types";
import { invite } from "../api/people";
import { hasCode } from "../api/problem";
import { useRoleTitle } from "../roles/role-title";
import { Note, ProblemNote } from "../ui/feedback";
import { useNow } from "../ui/use-now";
import { useSubmit } from "../ui/use-submit";
import { GrantFields } from "./GrantFields";
import css from "./People.module.css";
import { incomplete, NO_TERMS, toSend } from "./terms";

/** An invitation for somebody who is not registered yet; its link is shown this once. */
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
  const { busy, error, submit } = useSubmit(async () => {
    const { role, scope, remark } = toSend(terms);
    setMade(await invite({ email: email.trim(), role, scope, remark }));
  });
  const missing = incomplete(terms, now);
  return (
    <Modal
      opened
      onClose={onClose}
      title={made ? "Invitation made" : "Invite a person"}
      closeOnClickOutside={made === null}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {made ? (
        <Made made={made} onClose={onClose} />
      ) : (
        <form className="col gap3" onSubmit={submit}>
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
          {hasCode(error, "registered") ? (
            <Note tone="warn" title="Somebody is registered with this e-mail" alert>
              <button type="button" className="link" onClick={onAdd}>
                Add them without an invitation
              </button>
            </Note>
          ) : (
            error !== null && <ProblemNote error={error} />
          )}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            {missing && terms.role !== "" && <span className="dim small grow">{missing}</span>}
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={missing !== "" || email.trim() === ""}>
              Invite
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}

const MAIL: Record<Invitation["mail"], string> = {
  sent: "The link was sent by mail as well.",
  sending: "The link is on its way by mail as well.",
  failed: "The mail could not be sent: pass the link on yourself.",
  not_configured: "This server sends no mail: pass the link on yourself.",
};

function Made({ made, onClose }: { made: Invitation; onClose: () => void }) {
  const roleTitle = useRoleTitle();
  return (
    <div className="col gap3">
      <p className="soft">
        {made.email} can join as {roleTitle(made.role)} within seven days. {MAIL[made.mail]}
      </p>
      <Note tone="warn" title="Shown only now">
        Whoever has the link can use it, once.
      </Note>
      <code className={`num ${css.link}`}>{made.link}</code>
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <CopyButton value={made.link ?? ""}>
          {({ copied, copy }) => (
            <Button variant="default" leftSection={<IconCopy size={14} aria-hidden="true" />} onClick={copy}>
              {copied ? "Copied" : "Copy the link"}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onClose}>Done</Button>
      </div>
    </div>
  );
}
