import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { demoUsersQuery } from "../api/queries";
import { signIn } from "../api/session";
import type { DemoUser } from "../api/types";
import { ProblemNote } from "../ui/feedback";
import { words } from "../ui/format";
import css from "./SignIn.module.css";

const route = getRouteApi("/sign-in");

export function SignIn() {
  const { next } = route.useSearch();
  const router = useRouter();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signIn(email.trim(), password);
      router.history.push(next ?? "/");
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className={css.page}>
      <div className={css.box}>
        <div className={css.brand}>
          <img src="/adit.svg" alt="" width={36} height={36} />
          <div>
            <h1>Sign in to Adit</h1>
            <p className="dim">The control plane of this mine</p>
          </div>
        </div>
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
        </form>
        <DemoUsers
          onPick={(user) => {
            setEmail(user.email);
            setPassword(user.password);
            setError(null);
          }}
        />
      </div>
    </main>
  );
}

/** The people of the demo; a real server does not have this list. */
function DemoUsers({ onPick }: { onPick: (user: DemoUser) => void }) {
  const { data } = useQuery(demoUsersQuery);
  if (!data || data.length === 0) return null;
  return (
    <section className="col" aria-label="Demo people">
      <div>
        <h2>This is the demo</h2>
        <p className="dim small">
          Choose somebody to fill in the form. Sign in as two of them to see an approval.
        </p>
      </div>
      <ul className="plain card" style={{ padding: 4 }}>
        {data.map((user) => (
          <li key={user.email}>
            <button type="button" className={css.user} onClick={() => onPick(user)}>
              <span>{user.name}</span>
              <span className="dim small">{user.role === user.name ? user.email : words(user.role)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
