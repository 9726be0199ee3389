import { Button, Modal, TextInput } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { addPasskey, beginPasskey, removePasskey, signInOptionsQuery } from "../api/account";
import type { Passkey, PasskeyAnswer, Security } from "../api/account-types";
import { makePasskey, passkeysWork } from "../api/passkeys";
import { Ask } from "../ui/ask";
import { ProblemNote } from "../ui/feedback";
import { ago, dateTime } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { refused, told } from "../ui/toast";
import { useNow } from "../ui/use-now";
import { useSubmit } from "../ui/use-submit";
import { browserName } from "./browser";
import { Section } from "./Section";
import css from "./Security.module.css";

export function PasskeySection({ security }: { security: Security }) {
  const { data: options } = useQuery(signInOptionsQuery);
  const [made, setMade] = useState<PasskeyAnswer | null>(null);
  const [leaving, setLeaving] = useState<Passkey | null>(null);
  const now = useNow();
  const add = useSubmit(async () => {
    try {
      setMade(await makePasskey(await beginPasskey()));
    } catch (error) {
      refused(error);
    }
  });
  const where = options?.passkeys;
  const why =
    where == null
      ? "This server is not set up for passkeys: its public address is not known to it."
      : passkeysWork(where)
        ? ""
        : `Passkeys of this server work at ${where.origin}, with a browser that knows them.`;
  return (
    <Section
      title="Passkeys"
      state="Sign in and approve with a fingerprint, a face or a security key; nothing to type and nothing to steal."
      action={
        <GatedButton
          why={why}
          variant="default"
          loading={add.busy}
          leftSection={<IconFingerprint size={14} aria-hidden="true" />}
          onClick={() => void add.submit()}
        >
          Add a passkey…
        </GatedButton>
      }
    >
      {security.passkeys.length > 0 && (
        <ul className={css.list}>
          {security.passkeys.map((passkey) => (
            <li key={passkey.id}>
              <div className="grow">
                <div className="ellipsis">{passkey.name}</div>
                <div className="dim small">
                  added {dateTime(passkey.created_at)},{" "}
                  {passkey.last_used_at ? `used ${ago(passkey.last_used_at, now)}` : "not used yet"}
                </div>
              </div>
              <Button
                variant="default"
                aria-label={`Remove the passkey ${passkey.name}`}
                onClick={() => setLeaving(passkey)}
              >
                Remove…
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Modal
        opened={made !== null}
        onClose={() => setMade(null)}
        title="Name the passkey"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {made && <NameForm made={made} onClose={() => setMade(null)} />}
      </Modal>
      <Ask
        opened={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Remove ${leaving?.name ?? "the passkey"}?`}
        confirm="Remove"
        danger
        onConfirm={async () => {
          if (leaving) await removePasskey(leaving.id);
          told("Passkey removed");
        }}
      >
        <p className="soft">
          It no longer signs you in. Delete it from the device as well, or it still offers it.
        </p>
      </Ask>
    </Section>
  );
}

function NameForm({ made, onClose }: { made: PasskeyAnswer; onClose: () => void }) {
  const [name, setName] = useState(browserName(navigator.userAgent));
  const { busy, error, submit } = useSubmit(async () => {
    await addPasskey(made, name.trim());
    told("Passkey added");
    onClose();
  });
  return (
    <form className="col gap3" onSubmit={submit}>
      <TextInput
        label="Name"
        description="So that you know it again, such as the device it lives on."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={60}
        required
        withAsterisk={false}
        data-autofocus
      />
      {error !== null && <ProblemNote error={error} />}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button type="submit" loading={busy} disabled={name.trim() === ""}>
          Keep
        </Button>
      </div>
    </form>
  );
}
