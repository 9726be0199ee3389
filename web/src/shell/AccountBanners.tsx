import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCrown, IconSnowflake, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { answerOffer, freezeAccount, keepAccount, type Offer } from "../api/accounts";
import { overviewQuery } from "../api/queries";
import { useSession } from "../api/session";
import { Ask } from "../ui/ask";
import { dateTime } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { told } from "../ui/toast";
import { useOutcome } from "../ui/use-outcome";
import css from "./Shell.module.css";
import { useSite } from "./site";

const IdentityBanners = lazy(() =>
  import("./IdentityBanners").then((module) => ({ default: module.IdentityBanners })),
);

const HiddenBanner = lazy(() =>
  import("./HiddenBanner").then((module) => ({ default: module.HiddenBanner })),
);

/** What concerns the whole account and cannot wait: agents that hide their devices, that the log was put back, that it is frozen, that it is being deleted, and that it is offered to the reader. */
export function AccountBanners() {
  const session = useSession();
  const site = useSite();
  const { data: overview } = useQuery(overviewQuery(site));
  const deletion = overview ? overview.deletion : session.deletion;
  const offer = session.ownership_offer;
  return (
    <div role="status">
      {overview?.log_put_back && <PutBack record={overview.log_put_back.record} />}
      {overview && overview.hidden.length > 0 && (
        <Suspense fallback={null}>
          <HiddenBanner hidden={overview.hidden} />
        </Suspense>
      )}
      {overview?.frozen && <Frozen />}
      {deletion && <Deletion at={deletion.at} may={deletion.may_undo} />}
      {offer && !offer.accepted && <Offered offer={offer} />}
      {(session.uncounted || session.accounts.some((account) => !account.opened)) && (
        <Suspense fallback={null}>
          <IdentityBanners />
        </Suspense>
      )}
    </div>
  );
}

function PutBack({ record }: { record: number }) {
  return (
    <div className={css.banner} role="alert">
      <IconAlertTriangle size={16} aria-hidden="true" />
      <span className="grow">
        This server's log was put back: it has told others of record {record}, which it does not have any
        more. What happened since is missing here. Decide nothing until whoever runs the server has looked.
      </span>
    </div>
  );
}

function Frozen() {
  const { account } = useSession();
  const can = useCan();
  const tell = useOutcome();
  const [asking, setAsking] = useState(false);
  return (
    <div className={css.banner}>
      <IconSnowflake size={16} aria-hidden="true" />
      <span className="grow">{account.name} is frozen: nothing new begins until that is ended.</span>
      <GatedButton why={can("account.unfreeze")} variant="default" onClick={() => setAsking(true)}>
        Unfreeze…
      </GatedButton>
      <Ask
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Unfreeze ${account.name}?`}
        confirm="Unfreeze"
        onConfirm={async () => tell(await freezeAccount(false), `${account.name} is frozen no longer`)}
      >
        <p className="soft">What is asked for is carried out again.</p>
      </Ask>
    </div>
  );
}

function Deletion({ at, may }: { at: number; may: boolean }) {
  const { account } = useSession();
  const [asking, setAsking] = useState(false);
  return (
    <div className={css.banner}>
      <IconTrash size={16} aria-hidden="true" />
      <span className="grow">
        {account.name} is deleted on {dateTime(at)}. Until then nothing is carried out.
      </span>
      <GatedButton
        why={may ? "" : "The Owner or an Administrator of the whole account can undo it."}
        variant="default"
        onClick={() => setAsking(true)}
      >
        Undo…
      </GatedButton>
      <Ask
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Keep ${account.name}?`}
        confirm="Keep the account"
        onConfirm={async () => {
          await keepAccount();
          told("The account is kept");
        }}
      >
        <p className="soft">Everything goes on as before, at once.</p>
      </Ask>
    </div>
  );
}

function Offered({ offer }: { offer: Offer }) {
  const { account } = useSession();
  const [question, setQuestion] = useState<"accept" | "refuse" | null>(null);
  const close = () => setQuestion(null);
  return (
    <div className={css.banner}>
      <IconCrown size={16} aria-hidden="true" />
      <span className="grow">
        {offer.from.name} offers you the ownership of {account.name} (R-{offer.number}), until{" "}
        {dateTime(offer.expires_at)}.
      </span>
      <div className="row">
        <Button onClick={() => setQuestion("accept")}>Accept…</Button>
        <Button variant="default" onClick={() => setQuestion("refuse")}>
          Refuse…
        </Button>
      </div>
      <Ask
        opened={question === "accept"}
        onClose={close}
        title={`Become the Owner of ${account.name}?`}
        confirm="Accept"
        onConfirm={async () => {
          await answerOffer(offer, true, "");
          told("Accepted", "You become the Owner once the others have approved and the wait is over.");
        }}
      >
        <p className="soft">
          As Owner you answer for everything here: people, roles, money. Your other roles end, and API keys
          with them. {offer.from.name} becomes an Administrator.
        </p>
      </Ask>
      <Ask
        opened={question === "refuse"}
        onClose={close}
        title="Refuse the ownership?"
        confirm="Refuse"
        danger
        reason="required"
        onConfirm={async (reason) => {
          await answerOffer(offer, false, reason);
          told("Refused");
        }}
      >
        <p className="soft">The transfer ends; nothing changes. {offer.from.name} sees your reason.</p>
      </Ask>
    </div>
  );
}
