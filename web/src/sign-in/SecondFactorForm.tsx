import { Button } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useState } from "react";
import { answerFactor } from "../api/account";
import type { SecondFactor } from "../api/account-types";
import { hasCode } from "../api/problem";
import { ProblemNote } from "../ui/feedback";
import { useSubmit } from "../ui/use-submit";
import { CodeField, RecoveryField } from "./CodeField";

/** The second step of signing in. */
export function SecondFactorForm({
  asked,
  passkey,
  onDone,
  onExpired,
  onBack,
}: {
  asked: SecondFactor;
  /** Signs in with a passkey instead; absent where that does not work. */
  passkey: (() => void) | null;
  onDone: () => void;
  onExpired: (error: unknown) => void;
  onBack: () => void;
}) {
  const [way, setWay] = useState<"code" | "recovery_code">(
    asked.factors.includes("totp") ? "code" : "recovery_code",
  );
  const [value, setValue] = useState("");
  const { busy, error, setError, submit } = useSubmit(async () => {
    try {
      await answerFactor(asked.ticket, way === "code" ? { code: value } : { recovery_code: value });
      onDone();
    } catch (problem) {
      setValue("");
      if (hasCode(problem, "ticket_expired")) onExpired(problem);
      else throw problem;
    }
  });
  const other = way === "code" ? "recovery_code" : "code";
  const hasOther = asked.factors.includes(other === "code" ? "totp" : other);
  return (
    <form className="card col gap3" onSubmit={submit}>
      {way === "code" ? (
        <CodeField value={value} onChange={setValue} />
      ) : (
        <RecoveryField value={value} onChange={setValue} />
      )}
      {error !== null && <ProblemNote error={error} />}
      <Button type="submit" size="sm" loading={busy} disabled={value.length < 6}>
        Go on
      </Button>
      {passkey && (
        <Button
          variant="default"
          size="sm"
          leftSection={<IconFingerprint size={16} aria-hidden="true" />}
          onClick={passkey}
        >
          Use a passkey instead
        </Button>
      )}
      <div className="row between wrap">
        <button type="button" className="link" onClick={onBack}>
          Back to the password
        </button>
        {hasOther && (
          <button
            type="button"
            className="link"
            onClick={() => {
              setWay(other);
              setValue("");
              setError(null);
            }}
          >
            {other === "code" ? "Use the authenticator app" : "Use a recovery code"}
          </button>
        )}
      </div>
    </form>
  );
}
