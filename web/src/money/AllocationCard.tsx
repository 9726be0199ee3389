import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Allocation, type AllocationOf, allocationQuery } from "../api/money";
import type { Request } from "../api/types";
import { LoadError, Note, Waiting } from "../ui/feedback";
import { plural, utcDay } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { permissionTitle } from "../ui/permission-words";
import { useCan } from "../ui/permissions";
import { WhyNot } from "../ui/why-not";
import { AllocationDialog } from "./AllocationDialog";
import { Coming } from "./Coming";
import css from "./Money.module.css";
import { ShareChanges, ShareTable } from "./Shares";

/** How a sub-account's revenue is shared out: now, from the next day on, and before. */
export function AllocationCard({
  id,
  name,
  onAsked,
}: {
  id: string;
  name: string;
  onAsked: (of: Request) => void;
}) {
  const can = useCan();
  const seen = can("revenue.view");
  const { data, error, refetch } = useQuery({ ...allocationQuery(id), enabled: seen.allowed });
  const [changing, setChanging] = useState(false);
  const change = can("allocation.change");
  return (
    <section className="card col gap3" aria-label="Revenue allocation">
      <div className="row between wrap">
        <h2>Revenue allocation</h2>
        <GatedButton
          why={change.allowed ? unready(data) : change}
          variant="default"
          onClick={() => setChanging(true)}
        >
          Change the shares…
        </GatedButton>
      </div>
      {!seen.allowed ? (
        <WhyNot can={seen} />
      ) : error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={3} />
      ) : (
        <Shown of={data} />
      )}
      {data && changing && (
        <AllocationDialog of={data} name={name} onClose={() => setChanging(false)} onAsked={onAsked} />
      )}
    </section>
  );
}

/** Why nobody could change it now. */
function unready(data: AllocationOf | undefined): string {
  if (!data) return "It has to be seen first.";
  if (data.waits) return `R-${data.waits.number} is to change it already: that has to end first.`;
  const hidden =
    data.masked && (data.coming ?? data.current).shares.some((s) => s.recipient.to === "address");
  return hidden ? "Its addresses are masked for you: only whoever sees them changes them." : "";
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
      {earlier.length > 0 && <Earlier versions={earlier} />}
    </>
  );
}

function Earlier({ versions }: { versions: Allocation[] }) {
  return (
    <details className={css.more}>
      <summary>{plural(versions.length, "earlier version")}</summary>
      <div className="col gap3">
        {versions.map((each) => (
          <div key={each.version}>
            <p className="dim small">
              Version {each.version}, from {utcDay(each.effective_from)}
            </p>
            <ShareTable shares={each.shares} label={`Shares of version ${each.version}`} />
          </div>
        ))}
      </div>
    </details>
  );
}
