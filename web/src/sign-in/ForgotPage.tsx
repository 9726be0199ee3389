import { Button, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { askPasswordReset } from "../api/account";
import { Note, ProblemNote } from "../ui/feedback";
import { useSubmit } from "../ui/use-submit";
import { Door } from "./Door";

export function ForgotPage() {
  const [email, setEmail] = useState("");
  const [sent, setSent] = useState(false);
  const { busy, error, submit } = useSubmit(async () => {
    await askPasswordReset(email.trim());
    setSent(true);
  });
  return (
    <Door title="Forgotten password" say="A link to set a new one comes by e-mail">
      {sent ? (
        <div className="card col gap3" role="status">
          <Note title="If somebody here has this address, the mail is on its way">
            Look for it at {email.trim()}, in the junk folder too. The link works once and for a short time.
          </Note>
          <button type="button" className="link" onClick={() => setSent(false)}>
            Try another address
          </button>
        </div>
      ) : (
        <form className="card col gap3" onSubmit={submit}>
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            required
            withAsterisk={false}
            autoFocus
          />
          {error !== null && <ProblemNote error={error} />}
          <Button type="submit" size="sm" loading={busy}>
            Send the link
          </Button>
        </form>
      )}
      <Link to="/sign-in" search={{}} className="row">
        Back to the sign-in page
      </Link>
    </Door>
  );
}
