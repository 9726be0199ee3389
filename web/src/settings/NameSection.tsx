import { TextInput } from "@mantine/core";
import { useState } from "react";
import { renameAccount } from "../api/accounts";
import { useSession } from "../api/session";
import { Section } from "../security/Section";
import { Ask } from "../ui/ask";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { told } from "../ui/toast";

const LONGEST = 60;

/** What the account is called; it changes at once. */
export function NameSection() {
  const { account } = useSession();
  const can = useCan();
  const [asking, setAsking] = useState(false);
  const [name, setName] = useState("");
  const open = () => {
    setName(account.name);
    setAsking(true);
  };
  return (
    <Section
      title="Name"
      state={`Everybody on the account sees it as ${account.name}.`}
      action={
        <GatedButton why={can("settings.manage")} variant="default" onClick={open}>
          Rename…
        </GatedButton>
      }
    >
      <Ask
        opened={asking}
        onClose={() => setAsking(false)}
        title="Rename the account?"
        confirm="Rename"
        onConfirm={async () => {
          await renameAccount(name.trim());
          told(`The account is called ${name.trim()} now`);
        }}
      >
        <TextInput
          label="Name"
          value={name}
          maxLength={LONGEST}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
      </Ask>
    </Section>
  );
}
