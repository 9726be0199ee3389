import { Button, PasswordInput, SegmentedControl } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { beginPasskeyStepUp, securityQuery, signInOptionsQuery, stepUp } from "../api/account";
import type { StepUp } from "../api/account-types";
import { givePasskey, passkeysWork } from "../api/passkeys";
import { hasCode } from "../api/problem";
import { keepSession, useSession } from "../api/session";
import { finishStepUp } from "../api/step-up";
import { CodeField, RecoveryField } from "../sign-in/CodeField";
import { ProblemNote } from "../ui/feedback";
import { useSubmit } from "../ui/use-submit";

type Way = "password" | "code" | "recovery_code";
const WORD: Record<Way, string> = {
  password: "Password",
  code: "Authenticator app",
  recovery_code: "Recovery code",
};

/** Password, code or passkey: whatever this person can prove themselves with. */
export function StepUpQuestion() {
  const session = useSession();
  const { data: security } = useQuery({ ...securityQuery, retry: false });
  const { data: options } = useQuery(signInOptionsQuery);
  // With a second factor the password alone proves too little.
  const [strong, setStrong] = useState(false);
  const second = strong || security?.totp.on === true;
  const ways: Way[] = second ? ["code", "recovery_code"] : ["password"];
  const [chosen, setChosen] = useState<Way>("password");
  const way = ways.includes(chosen) ? chosen : (ways[0] ?? "password");
  const [value, setValue] = useState("");
  const hasPasskey = (security?.passkeys.length ?? 0) > 0 && passkeysWork(options?.passkeys);

  const confirm = async (answer: StepUp) => {
    keepSession(await stepUp(answer));
    finishStepUp(true);
  };
  const typed = useSubmit(async () => {
    try {
      await confirm(
        way === "password"
          ? { password: value }
          : way === "code"
            ? { code: value }
            : { recovery_code: value },
      );
    } catch (problem) {
      setValue("");
      if (hasCode(problem, "second_factor_required")) setStrong(true);
      throw problem;
    }
  });
  const passkey = useSubmit(async () => confirm({ passkey: await givePasskey(await beginPasskeyStepUp()) }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: another way starts empty
  useEffect(() => {
    setValue("");
    if (!strong) typed.setError(null);
  }, [way]);

  // It comes after the dialog around it, which has given the focus to its own button by then.
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("[data-autofocus]")?.focus(), []);

  return (
    <form ref={form} onSubmit={typed.submit} className="col gap3">
      <p className="soft">
        This asks for a recent sign-in of <b>{session.user.name}</b>. Once confirmed, it goes on by itself.
      </p>
      {hasPasskey && (
        <>
          <Button
            size="sm"
            leftSection={<IconFingerprint size={16} aria-hidden="true" />}
            loading={passkey.busy}
            onClick={() => void passkey.submit()}
            data-autofocus
          >
            Use a passkey
          </Button>
          {passkey.error !== null && <ProblemNote error={passkey.error} />}
          <p className="dim small">or</p>
        </>
      )}
      {ways.length > 1 && (
        <SegmentedControl
          aria-label="How to confirm"
          value={way}
          onChange={(next) => setChosen(next as Way)}
          data={ways.map((each) => ({ value: each, label: WORD[each] }))}
        />
      )}
      {/* Password managers fill in what belongs to this name. */}
      <input
        type="text"
        autoComplete="username"
        value={security?.email ?? session.user.name}
        readOnly
        hidden
      />
      {way === "password" ? (
        <PasswordInput
          label="Password"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          autoComplete="current-password"
          visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
          required
          withAsterisk={false}
          data-autofocus={!hasPasskey || undefined}
        />
      ) : way === "code" ? (
        <CodeField value={value} onChange={setValue} />
      ) : (
        <RecoveryField value={value} onChange={setValue} />
      )}
      {typed.error !== null && <ProblemNote error={typed.error} />}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button variant="default" onClick={() => finishStepUp(false)}>
          Cancel
        </Button>
        <Button type="submit" loading={typed.busy} disabled={value === ""}>
          Confirm
        </Button>
      </div>
    </form>
  );
}
