import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { freezeAccount } from "../api/accounts";
import { overviewQuery } from "../api/queries";
import { useSession } from "../api/session";
import { Section } from "../security/Section";
import { useSite } from "../shell/site";
import { Ask } from "../ui/ask";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { useOutcome } from "../ui/use-outcome";

/** The brake: one person keeps anything new from beginning. What has begun runs to its end. */
export function FreezeSection() {
  const { account } = useSession();
  const { data } = useQuery(overviewQuery(useSite()));
  const can = useCan();
  const tell = useOutcome();
  const [asking, setAsking] = useState(false);
  return (
    <Section
      title="Freeze the account"
      state={
        data?.frozen
          ? "It is frozen; that is ended above."
          : "Where something is wrong: one person sees to it that nothing new begins. Machines keep mining as they are set."
      }
      action={
        <GatedButton
          why={data?.frozen ? "It is frozen already." : can("account.freeze")}
          variant="default"
          color="danger"
          onClick={() => setAsking(true)}
        >
          Freeze {account.name}…
        </GatedButton>
      }
    >
      <Ask
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Freeze ${account.name}?`}
        confirm="Freeze the account"
        danger
        onConfirm={async () => tell(await freezeAccount(true), `${account.name} is frozen`)}
      >
        <p className="soft">
          From now on nothing begins, for anybody: what is approved waits, and so do orders that are not given
          yet; both may expire. What a machine was told already runs to its end. People can still be suspended
          and a recovery started.
        </p>
        <p className="soft">Ending the freeze goes by the rule “Unfreeze the account”.</p>
      </Ask>
    </Section>
  );
}
