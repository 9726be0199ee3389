import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { acceptInvitation, checkInvitation } from "../api/account";
import type { InvitationOffer } from "../api/account-types";
import { hasCode } from "../api/problem";
import { LoadError, Note, ProblemNote, Waiting } from "../ui/feedback";
import { dateTime, words } from "../ui/format";
import { useSubmit } from "../ui/use-submit";
import { DeadLink } from "./DeadLink";
import { Door } from "./Door";
import { NewPassword } from "./NewPassword";
import { weakness } from "./new-password";
import { useToken } from "./token";

export function InvitationPage() {
  const token = useToken();
  const { data, error, refetch } = useQuery({
    queryKey: ["link", "invitation", token],
    queryFn: () => checkInvitation(token),
    retry: false,
  });
  return (
    <Door
      title={data ? `Join ${data.company}` : "Invitation"}
      say={data && `${data.invited_by} invites you as ${words(data.role)}`}
    >
      {data ? (
        <JoinForm token={token} invitation={data} />
      ) : !error ? (
        <Waiting rows={4} />
      ) : hasCode(error, "not_found") ? (
        <DeadLink>
          <p>Invitations work once and for seven days. Ask whoever invited you for a new one.</p>
          <Link to="/sign-in" search={{}} className="row">
            Go to the sign-in page
          </Link>
        </DeadLink>
      ) : (
        <LoadError error={error} retry={() => void refetch()} />
      )}
    </Door>
  );
}

function JoinForm({ token, invitation }: { token: string; invitation: InvitationOffer }) {
  const router = useRouter();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [waits, setWaits] = useState(false);
  const own = [invitation.company, invitation.email, name];
  const { busy, error, submit } = useSubmit(async () => {
    const { granted } = await acceptInvitation(token, name.trim(), password);
    if (granted) router.history.push("/");
    else setWaits(true);
  });
  if (waits)
    return (
      <div className="card col gap3" role="status">
        <Note title="You are registered; the role waits for approval">
          As soon as it is given you can sign in with {invitation.email}. The approvers of{" "}
          {invitation.company} have the request in their inbox.
        </Note>
        <Link to="/sign-in" search={{}} className="row">
          Go to the sign-in page
        </Link>
      </div>
    );
  return (
    <form className="card col gap3" onSubmit={submit}>
      <TextInput label="E-mail" value={invitation.email} readOnly autoComplete="username" />
      <TextInput
        label="Your name"
        description="As approvals and the audit log show it."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={50}
        autoComplete="name"
        required
        withAsterisk={false}
        autoFocus
      />
      <NewPassword value={password} onChange={setPassword} own={own} />
      {error !== null && <ProblemNote error={error} />}
      <Button type="submit" size="sm" loading={busy} disabled={weakness(password, own) !== ""}>
        Accept and join
      </Button>
      <p className="dim small">The invitation ends on {dateTime(invitation.expires_at)}.</p>
    </form>
  );
}
