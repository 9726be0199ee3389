import { useState } from "react";
import { renameAccount } from "../api/accounts";
import { useSession } from "../api/session";
import { Section } from "../security/Section";
import { GatedButton } from "../ui/gated";
import { NameDialog } from "../ui/name-dialog";
import { useCan } from "../ui/permissions";
import { told } from "../ui/toast";

/** What the account is called; it changes at once. */
export function NameSection() {
  const { account } = useSession();
  const can = useCan();
  const [asking, setAsking] = useState(false);
  const close = () => setAsking(false);
  return (
    <Section
      title="Name"
      state={`Everybody on the account sees it as ${account.name}.`}
      action={
        <GatedButton why={can("settings.manage")} variant="default" onClick={() => setAsking(true)}>
          Rename…
        </GatedButton>
      }
    >
      {asking && (
        <NameDialog
          title="Rename the account"
          description="It changes at once, for everybody."
          start={account.name}
          confirm="Rename"
          onClose={close}
          send={async (name) => {
            await renameAccount(name);
            told(`The account is called ${name} now`);
            close();
          }}
        />
      )}
    </Section>
  );
}
