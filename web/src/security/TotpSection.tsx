import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { beginTotp, confirmTotp, newRecoveryCodes, removeTotp } from "../api/account";
import type { Security, TotpSecret } from "../api/account-types";
import { CodeField } from "../sign-in/CodeField";
import { Ask } from "../ui/ask";
import { Note, ProblemNote } from "../ui/feedback";
import { dateTime, plural } from "../ui/format";
import { refused, told } from "../ui/toast";
import { useSubmit } from "../ui/use-submit";
import { drawQr } from "./qr";
import { RecoveryCodes } from "./RecoveryCodes";
import { Section } from "./Section";
import css from "./Security.module.css";

const FEW = 3;

export function TotpSection({ security }: { security: Security }) {
  const { on, since, recovery_codes_left: left } = security.totp;
  const [secret, setSecret] = useState<TotpSecret | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [asked, setAsked] = useState<"remove" | "codes" | null>(null);
  const begin = useSubmit(async () => {
    try {
      setSecret(await beginTotp());
    } catch (error) {
      refused(error);
    }
  });
  return (
    <Section
      title="Authenticator app"
      state={
        on
          ? `On${since ? ` since ${dateTime(since)}` : ""}: signing in takes the password and a code.`
          : "Off. Switched on, signing in takes a code from your phone as well as the password."
      }
      action={
        on ? (
          <>
            <Button variant="default" onClick={() => setAsked("codes")}>
              New recovery codes…
            </Button>
            <Button variant="default" onClick={() => setAsked("remove")}>
              Switch off…
            </Button>
          </>
        ) : (
          <Button loading={begin.busy} onClick={() => void begin.submit()}>
            Switch on…
          </Button>
        )
      }
    >
      {on && (
        <p className={left <= FEW ? "warn" : "dim"}>
          {left === 0
            ? "No recovery codes are left: make new ones, or a lost phone locks you out."
            : `${plural(left, "recovery code")} left, for when the phone is not at hand.`}
        </p>
      )}
      <Modal
        opened={secret !== null}
        onClose={() => setSecret(null)}
        title="Switch on the authenticator app"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {secret && (
          <Enrol
            secret={secret}
            onDone={(shown) => {
              setSecret(null);
              setCodes(shown);
            }}
          />
        )}
      </Modal>
      {codes && <RecoveryCodes codes={codes} email={security.email} onClose={() => setCodes(null)} />}
      <Ask
        opened={asked === "remove"}
        onClose={() => setAsked(null)}
        title="Switch the authenticator app off?"
        confirm="Switch off"
        danger
        onConfirm={async () => {
          await removeTotp();
          told("Authenticator app switched off", "The password alone signs you in again.");
        }}
      >
        <p className="soft">
          Signing in then takes the password alone, and the recovery codes stop working. Approvals that ask
          for a recent sign-in still do.
        </p>
      </Ask>
      <Ask
        opened={asked === "codes"}
        onClose={() => setAsked(null)}
        title="Make new recovery codes?"
        confirm="Make new codes"
        onConfirm={async () => setCodes((await newRecoveryCodes()).recovery_codes)}
      >
        <p className="soft">The old ones stop working. The new ones are shown once.</p>
      </Ask>
    </Section>
  );
}

function Enrol({ secret, onDone }: { secret: TotpSecret; onDone: (codes: string[]) => void }) {
  const [code, setCode] = useState("");
  const { busy, error, submit } = useSubmit(async () => {
    try {
      onDone((await confirmTotp(code)).recovery_codes);
    } catch (problem) {
      setCode("");
      throw problem;
    }
  });
  const { size, path } = drawQr(secret.uri);
  return (
    <form className="col gap3" onSubmit={submit}>
      <p className="soft">Scan this with an authenticator app on your phone, then type the code it shows.</p>
      <svg
        className={css.qr}
        viewBox={`0 0 ${size} ${size}`}
        shapeRendering="crispEdges"
        role="img"
        aria-label="QR image of the secret below"
      >
        <path d={path} fill="currentColor" />
      </svg>
      <div>
        <div className="dim small">No camera? Type this secret into the app:</div>
        <code className={`num ${css.secret}`}>{secret.secret.match(/.{1,4}/g)?.join(" ")}</code>
      </div>
      <CodeField value={code} onChange={setCode} />
      {error !== null && <ProblemNote error={error} />}
      <Note>Your other sessions end when it is on.</Note>
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button type="submit" loading={busy} disabled={code.length !== 6}>
          Switch on
        </Button>
      </div>
    </form>
  );
}
