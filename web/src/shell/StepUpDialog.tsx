import { Button, Modal, PasswordInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { stepUp } from "../api/mutations";
import { keepSession, useSession } from "../api/session";
import { finishStepUp, useStepUp } from "../api/step-up";
import { ProblemNote } from "../ui/feedback";

/** Asks for the password when the server wants a sign-in younger than this one. */
export function StepUpDialog() {
  const pending = useStepUp((state) => state.pending);
  const session = useSession();
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new question starts empty
  useEffect(() => {
    setPassword("");
    setError(null);
  }, [pending]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      keepSession(await stepUp(password));
      finishStepUp(true);
    } catch (problem) {
      setError(problem);
      setPassword("");
    } finally {
      setBusy(false);
    }
  };

  return (
    <Modal
      opened={pending !== null}
      onClose={() => finishStepUp(false)}
      title="Confirm that it is you"
      zIndex={400}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit} className="col gap3">
        <p className="soft">
          The rule for this asks for a recent sign-in. Enter the password of <b>{session.user.name}</b>; then
          it goes on by itself.
        </p>
        <input type="text" autoComplete="username" value={session.user.name} readOnly hidden />
        <PasswordInput
          label="Password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          autoComplete="current-password"
          visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          required
          withAsterisk={false}
          data-autofocus
        />
        {error !== null && <ProblemNote error={error} />}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={() => finishStepUp(false)}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={password === ""}>
            Confirm
          </Button>
        </div>
      </form>
    </Modal>
  );
}
