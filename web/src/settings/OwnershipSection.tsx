import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { offerOwnership, openTransferQuery } from "../api/accounts";
import { peopleQuery } from "../api/people";
import { useSession } from "../api/session";
import { Section } from "../security/Section";
import { useSite } from "../shell/site";
import { Ask } from "../ui/ask";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { useOutcome } from "../ui/use-outcome";

/** Handing the account over: offered here, approved by the others, accepted by whom it is offered to. */
export function OwnershipSection() {
  const can = useCan();
  const { user } = useSession();
  const site = useSite();
  const { data: people } = useQuery({ ...peopleQuery, enabled: can("user.view").allowed });
  const [asking, setAsking] = useState(false);
  const [to, setTo] = useState<string | null>(null);
  const tell = useOutcome();
  const others = people?.items.filter((person) => person.id !== user.id && !person.suspended) ?? [];
  const owner = people?.items.find((person) => person.grants.some((grant) => grant.role === "owner"));
  return (
    <Section
      title="Ownership"
      state={
        owner
          ? `${owner.id === user.id ? "You own" : `${owner.name} owns`} this account. There is exactly one Owner.`
          : "There is exactly one Owner."
      }
      action={
        <GatedButton why={can("ownership.transfer")} variant="default" onClick={() => setAsking(true)}>
          Transfer ownership…
        </GatedButton>
      }
    >
      <OpenOffer site={site} />
      <Ask
        opened={asking}
        onClose={() => setAsking(false)}
        title="Transfer ownership"
        confirm="Offer it"
        danger
        onConfirm={async () => {
          if (to) await tell(await offerOwnership(to), "Ownership offered");
        }}
      >
        <Select
          label="To"
          placeholder="Choose a person"
          data={others.map((person) => ({
            value: person.id,
            label: person.email ? `${person.name} (${person.email})` : person.name,
          }))}
          value={to}
          onChange={setTo}
          searchable
          required
          withAsterisk={false}
        />
        <p className="soft">
          Every other approver has to approve. Then it waits 72 hours, in which any of them can call it off,
          and the new Owner has to accept. Until then nothing changes; afterwards you are an Administrator.
        </p>
      </Ask>
    </Section>
  );
}

/** The transfer that is under way, if there is one. */
function OpenOffer({ site }: { site: string }) {
  const { data } = useQuery(openTransferQuery);
  if (!data) return null;
  return (
    <p>
      Under way:{" "}
      <Link to="/s/$site/requests/$id" params={{ site, id: data.id }}>
        R-{data.number} {data.title}
      </Link>
      {data.acceptance?.accepted_at ? ", accepted." : ", not accepted yet."} It is cancelled there.
    </p>
  );
}
