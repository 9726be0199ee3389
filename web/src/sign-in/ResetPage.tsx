import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { resetPassword } from "../api/account";
import { hasCode } from "../api/problem";
import { Note, ProblemNote } from "../ui/feedback";
import { useSubmit } from "../ui/use-submit";
import { DeadLink } from "./DeadLink";
import { Door } from "./Door";
import { NewPassword } from "./NewPassword";
import { weakness } from "./new-password";
import { useToken } from "./token";

export function ResetPage() {
  const token = useToken();
  const [password, setPassword] = useState("");
  const [done, setDone] = useState(false);
  const { busy, error, submit } = useSubmit(async () => {
    await resetPassword(token, password);
    setDone(true);
  });
  return (
    <Door title="New password">
      {done ? (
        <div className="card col gap3" role="status">
          <Note title="The password is changed">
            You are signed out everywhere. Sign in with the new one.
          </Note>
          <Link to="/sign-in" search={{}} className="row">
            Go to the sign-in page
          </Link>
        </div>
      ) : token === "" || hasCode(error, "not_found") ? (
        <DeadLink>
          <p>Links for a new password work once and not for long.</p>
          <Link to="/forgot-password" className="row">
            Ask for a new link
          </Link>
        </DeadLink>
      ) : (
        <form className="card col gap3" onSubmit={submit}>
          <NewPassword label="New password" value={password} onChange={setPassword} focus />
          {error !== null && <ProblemNote error={error} />}
          <Button type="submit" size="sm" loading={busy} disabled={weakness(password) !== ""}>
            Change the password
          </Button>
        </form>
      )}
    </Door>
  );
}
