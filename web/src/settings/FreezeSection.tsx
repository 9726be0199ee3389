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

/** The brake: one person stops everything at once. */
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
          : "Where something is wrong: one person stops everything at once, and machines keep mining as they are set."
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
          From now on nothing is carried out, for anybody. Ending that goes by the rule “Unfreeze the
          account”.
        </p>
      </Ask>
    </Section>
  );
}
