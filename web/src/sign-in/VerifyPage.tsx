import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { verifyEmail } from "../api/account";
import { hasCode } from "../api/problem";
import { queryClient } from "../api/query";
import { Note, ProblemNote } from "../ui/feedback";
import { useSubmit } from "../ui/use-submit";
import { DeadLink } from "./DeadLink";
import { Door } from "./Door";
import { useToken } from "./token";

/** A button and no more: programs that open links in mail must not use the token up. */
export function VerifyPage() {
  const token = useToken();
  const [done, setDone] = useState(false);
  const { busy, error, submit } = useSubmit(async () => {
    await verifyEmail(token);
    void queryClient.invalidateQueries({ queryKey: ["security"] });
    setDone(true);
  });
  return (
    <Door title="Confirm your e-mail">
      {done ? (
        <div className="card col gap3" role="status">
          <Note title="Your e-mail is confirmed">Word about approvals and sign-ins can reach you now.</Note>
          <Link to="/" className="row">
            Go to the console
          </Link>
        </div>
      ) : token === "" || hasCode(error, "not_found") ? (
        <DeadLink>
          <p>It was used already, or it is too old. Your Security page sends a new one.</p>
          <Link to="/" className="row">
            Go to the console
          </Link>
        </DeadLink>
      ) : (
        <form className="card col gap3" onSubmit={submit}>
          <p className="soft">This says that the mail with the link reached you.</p>
          {error !== null && <ProblemNote error={error} />}
          <Button type="submit" size="sm" loading={busy} autoFocus>
            Confirm
          </Button>
        </form>
      )}
    </Door>
  );
}
