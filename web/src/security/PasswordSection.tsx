import { Button, Modal, PasswordInput } from "@mantine/core";
import { useState } from "react";
import { changePassword } from "../api/account";
import type { Security } from "../api/account-types";
import { useSession } from "../api/session";
import { NewPassword } from "../sign-in/NewPassword";
import { weakness } from "../sign-in/new-password";
import { ProblemNote } from "../ui/feedback";
import { dateTime } from "../ui/format";
import { told } from "../ui/toast";
import { useSubmit } from "../ui/use-submit";
import { Section } from "./Section";

export function PasswordSection({ security }: { security: Security }) {
  const [open, setOpen] = useState(false);
  const { set, changed_at } = security.password;
  return (
    <Section
      title="Password"
      state={
        !set
          ? "None: you sign in another way."
          : changed_at
            ? `Last changed ${dateTime(changed_at)}.`
            : "Set, and not changed since."
      }
      action={
        <Button variant="default" onClick={() => setOpen(true)}>
          {set ? "Change…" : "Set one…"}
        </Button>
      }
    >
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={set ? "Change the password" : "Set a password"}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <PasswordForm security={security} onClose={() => setOpen(false)} />
      </Modal>
    </Section>
  );
}

function PasswordForm({ security, onClose }: { security: Security; onClose: () => void }) {
  const session = useSession();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const own = [security.email, session.user.name, session.account.name];
  const { busy, error, submit } = useSubmit(async () => {
    await changePassword(security.password.set ? current : undefined, password);
    told("Password changed", "Your other sessions have ended.");
    onClose();
  });
  return (
    <form className="col gap3" onSubmit={submit}>
      <input type="text" autoComplete="username" value={security.email} readOnly hidden />
      {security.password.set && (
        <PasswordInput
          label="Present password"
          autoComplete="current-password"
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": "Show the present password" }}
          required
          withAsterisk={false}
          data-autofocus
        />
      )}
      <NewPassword label="New password" value={password} onChange={setPassword} own={own} />
      <p className="dim small">Everywhere else you are signed out.</p>
      {error !== null && <ProblemNote error={error} />}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          type="submit"
          loading={busy}
          disabled={weakness(password, own) !== "" || (security.password.set && current === "")}
        >
          Change
        </Button>
      </div>
    </form>
  );
}
