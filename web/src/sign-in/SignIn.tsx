import { Button, PasswordInput, TextInput } from "@mantine/core";
import { IconFingerprint, IconKey } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { beginPasskeySignIn, passkeySignIn, signIn, signInOptionsQuery } from "../api/account";
import type { SecondFactor } from "../api/account-types";
import { givePasskey, passkeysWork } from "../api/passkeys";
import { Note, ProblemNote } from "../ui/feedback";
import { useSubmit } from "../ui/use-submit";
import { DemoUsers } from "./DemoUsers";
import { Door } from "./Door";
import { SecondFactorForm } from "./SecondFactorForm";
import { ssoRefusal } from "./sso";

const route = getRouteApi("/sign-in");

export function SignIn() {
  const { next, sso } = route.useSearch();
  const router = useRouter();
  const { data: options } = useQuery(signInOptionsQuery);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [second, setSecond] = useState<SecondFactor | null>(null);
  const done = () => router.history.push(next ?? "/");

  const { busy, error, setError, submit } = useSubmit(async () => {
    const asked = await signIn(email.trim(), password);
    setPassword("");
    if (asked) setSecond(asked);
    else done();
  });
  const passkey = useSubmit(async () => {
    setError(null);
    await passkeySignIn(await givePasskey(await beginPasskeySignIn()));
    done();
  });
  const passkeys = passkeysWork(options?.passkeys);

  if (second)
    return (
      <Door title="One more step" say={`Signing in as ${email.trim()}`}>
        <SecondFactorForm
          asked={second}
          passkey={passkeys ? () => void passkey.submit() : null}
          onDone={done}
          onExpired={(problem) => {
            setSecond(null);
            setError(problem);
          }}
          onBack={() => setSecond(null)}
        />
        {passkey.error !== null && <ProblemNote error={passkey.error} />}
      </Door>
    );
  const refusal = sso ? ssoRefusal(sso) : null;
  return (
    <Door title="Sign in to Adit" say="The control plane of this mine">
      {options?.setup && (
        <Note title="Nobody has an account yet">
          The server printed a set-up link when it started. Open it to make the first account.
        </Note>
      )}
      {refusal && <ProblemNote problem={refusal} />}
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
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          required
          withAsterisk={false}
        />
        {error !== null && <ProblemNote error={error} />}
        <Button type="submit" size="sm" loading={busy}>
          Sign in
        </Button>
        {options?.email && (
          <Link to="/forgot-password" className="small">
            Forgot the password?
          </Link>
        )}
      </form>
      {(passkeys || (options?.sso.length ?? 0) > 0) && (
        <section className="col" aria-label="Other ways to sign in">
          {passkeys && (
            <Button
              variant="default"
              size="sm"
              loading={passkey.busy}
              leftSection={<IconFingerprint size={16} aria-hidden="true" />}
              onClick={() => void passkey.submit()}
            >
              Sign in with a passkey
            </Button>
          )}
          {options?.sso.map((provider) => (
            <Button
              key={provider.id}
              component="a"
              href={`/api/v1/sso/${encodeURIComponent(provider.id)}/start?next=${encodeURIComponent(next ?? "/")}`}
              variant="default"
              size="sm"
              leftSection={<IconKey size={16} aria-hidden="true" />}
            >
              Sign in with {provider.name}
            </Button>
          ))}
          {passkey.error !== null && <ProblemNote error={passkey.error} />}
        </section>
      )}
      <DemoUsers
        onPick={(user) => {
          setEmail(user.email);
          setPassword(user.password);
          setError(null);
        }}
      />
    </Door>
  );
}
