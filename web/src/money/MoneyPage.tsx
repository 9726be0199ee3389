import { IconArrowLeft, IconUsersGroup } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { placesQuery } from "../api/people";
import type { Request } from "../api/types";
import { useSite } from "../shell/site";
import { Empty, LoadError, Note, Waiting } from "../ui/feedback";
import { AllocationCard } from "./AllocationCard";
import { RequestLink } from "./Coming";
import css from "./Money.module.css";
import { DueCard, WalletCard } from "./WalletCard";

const route = getRouteApi("/s/$site/sub-accounts/$id");

/** A sub-account's money: where it is paid to and how it is shared out. */
export function MoneyPage() {
  const { id } = route.useParams();
  const site = useSite();
  const { data, error, refetch } = useQuery(placesQuery);
  const found = data?.subAccounts.find((each) => each.id === id);
  return (
    <div className="page">
      <Link to="/s/$site/sub-accounts" params={{ site }} className="row small">
        <IconArrowLeft size={14} aria-hidden="true" /> All sub-accounts
      </Link>
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={3} height={64} />
      ) : !found ? (
        <Empty
          title="There is no such sub-account"
          icon={<IconUsersGroup size={28} aria-hidden="true" className="dim" />}
        >
          <p>It may have been removed, or none of your roles reaches it.</p>
        </Empty>
      ) : (
        <Money key={id} id={id} name={found.name} />
      )}
    </div>
  );
}

function Money({ id, name }: { id: string; name: string }) {
  const [asked, setAsked] = useState<Request | null>(null);
  return (
    <>
      <header>
        <h1>{name}</h1>
        <p className="dim">Where it is paid to and how its revenue is shared out. Changes go by request.</p>
      </header>
      {asked && <Asked request={asked} />}
      <div className={css.columns}>
        <div className="col gap4">
          <WalletCard id={id} name={name} onAsked={setAsked} />
          <DueCard id={id} />
        </div>
        <AllocationCard id={id} name={name} onAsked={setAsked} />
      </div>
    </>
  );
}

/** What became of what was just asked for. */
function Asked({ request }: { request: Request }) {
  const link = <RequestLink of={{ request: request.id, number: request.number }} />;
  return (
    <div role="status">
      {request.state === "executed" ? (
        <Note title="Done">Recorded as {link}.</Note>
      ) : request.state === "pending" ? (
        <Note tone="warn" title="Submitted">
          {link} waits for approval: {request.rule.sentence}.
        </Note>
      ) : (
        <Note tone="warn" title="Approved">
          {link} is carried out once its time lock is over.
        </Note>
      )}
    </div>
  );
}
