import { type AllocationOf, allocationQuery } from "../api/money";
import type { Request } from "../api/types";
import { Note } from "../ui/feedback";
import { utcDay } from "../ui/format";
import { permissionTitle } from "../ui/permission-words";
import { AllocationDialog } from "./AllocationDialog";
import { Coming } from "./Coming";
import { Earlier, MoneyCard, taken } from "./MoneyCard";
import { ShareChanges, ShareTable } from "./Shares";

/** How a sub-account's revenue is shared out: now, from the next day on, and before. */
export function AllocationCard({
  id,
  ...rest
}: {
  id: string;
  name: string;
  onAsked: (of: Request) => void;
}) {
  return (
    <MoneyCard
      title="Revenue allocation"
      query={allocationQuery(id)}
      see="revenue.view"
      change="allocation.change"
      word={() => "Change the shares…"}
      closed={(of) => taken(of.waits) || hidden(of)}
      dialog={(of, onClose) => <AllocationDialog of={of} {...rest} onClose={onClose} />}
    >
      {(of) => <Shown of={of} />}
    </MoneyCard>
  );
}

/** Why somebody who sees addresses masked cannot change it; empty where there is none. */
function hidden({ masked, coming, current }: AllocationOf): string {
  const addressed = (coming ?? current).shares.some((share) => share.recipient.to === "address");
  return masked && addressed ? "Its addresses are masked for you: only whoever sees them changes them." : "";
}

function Shown({ of: { current, coming, waits, masked, versions } }: { of: AllocationOf }) {
  const earlier = versions.filter((each) => each.version < current.version);
  return (
    <>
      <p className="soft">
        {current.version === 0
          ? "As it is from the beginning: all of it stays in its own wallet."
          : `Version ${current.version}, in force since ${utcDay(current.effective_from)}, 00:00 UTC.`}
      </p>
      <ShareTable shares={current.shares} label="Shares now" />
      {masked && (
        <Note title="Addresses are masked for you">
          You see their last four characters. Whole ones take “{permissionTitle("wallet.view")}”.
        </Note>
      )}
      {coming && (
        <Note title={`In force from ${utcDay(coming.effective_from)}, 00:00 UTC`}>
          <ShareChanges before={current.shares} after={coming.shares} label="Shares from then on" />
        </Note>
      )}
      {waits?.shares && (
        <Coming of={waits} then="It is in force from the next 00:00 UTC after that.">
          <ShareChanges before={(coming ?? current).shares} after={waits.shares} label="Shares asked for" />
        </Coming>
      )}
      <Earlier versions={earlier.length}>
        <div className="col gap3">
          {earlier.map((each) => (
            <div key={each.version}>
              <p className="dim small">
                Version {each.version}, from {utcDay(each.effective_from)}
              </p>
              <ShareTable shares={each.shares} label={`Shares of version ${each.version}`} />
            </div>
          ))}
        </div>
      </Earlier>
    </>
  );
}
