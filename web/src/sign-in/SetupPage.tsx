import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { checkSetup, setUp } from "../api/account";
import { hasCode } from "../api/problem";
import { LoadError, ProblemNote, Waiting } from "../ui/feedback";
import { useSubmit } from "../ui/use-submit";
import { DeadLink } from "./DeadLink";
import { Door } from "./Door";
import { NewPassword } from "./NewPassword";
import { weakness } from "./new-password";
import { useToken } from "./token";

/** The first start: whoever holds the link that the server printed becomes the Owner. */
export function SetupPage() {
  const token = useToken();
  const { isPending, error, refetch } = useQuery({
    queryKey: ["link", "setup", token],
    queryFn: async () => (await checkSetup(token)) ?? true,
    retry: false,
  });
  return (
    <Door title="Set up Adit" say="Make the account and become its Owner">
      {isPending ? (
        <Waiting rows={4} />
      ) : !error ? (
        <SetupForm token={token} />
      ) : hasCode(error, "not_found") ? (
        <DeadLink>
          <p>
            It was used, or there is an account already. If there is none, restart the server: it prints a new
            link.
          </p>
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

function SetupForm({ token }: { token: string }) {
  const router = useRouter();
  const [company, setCompany] = useState("");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const own = [company, name, email];
  const { busy, error, submit } = useSubmit(async () => {
    await setUp({ token, company: company.trim(), name: name.trim(), email: email.trim(), password });
    router.history.push("/");
  });
  return (
    <form className="card col gap3" onSubmit={submit}>
      <TextInput
        label="Company"
        description="The account's name; everybody in it sees it."
        value={company}
        onChange={(event) => setCompany(event.currentTarget.value)}
        maxLength={60}
        autoComplete="organization"
        required
        withAsterisk={false}
        autoFocus
      />
      <TextInput
        label="Your name"
        description="As approvals and the audit log show it."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={50}
        autoComplete="name"
        required
        withAsterisk={false}
      />
      <TextInput
        label="E-mail"
        type="email"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        autoComplete="username"
        required
        withAsterisk={false}
      />
      <NewPassword value={password} onChange={setPassword} own={own} />
      {error !== null && <ProblemNote error={error} />}
      <Button type="submit" size="sm" loading={busy} disabled={weakness(password, own) !== ""}>
        Make the account
      </Button>
    </form>
  );
}
