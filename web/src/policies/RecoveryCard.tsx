import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { openRecoveryQuery, type Safeguards } from "../api/governance";
import type { Policy } from "../api/types";
import { useSite } from "../shell/site";
import { GatedButton, whyText } from "../ui/gated";
import { useCan } from "../ui/permissions";

const RecoverDialog = lazy(() =>
  import("./RecoverDialog").then((module) => ({ default: module.RecoverDialog })),
);

/** The way out, and the recovery that is under way. */
export function RecoveryCard({
  policies,
  safeguards,
  asking,
  onAsk,
}: {
  policies: readonly Policy[];
  safeguards: Safeguards;
  asking: boolean;
  onAsk: (asking: boolean) => void;
}) {
  const site = useSite();
  const navigate = useNavigate();
  const can = useCan()("governance.recover");
  const { data: open } = useQuery(openRecoveryQuery);
  const why = open
    ? `One is under way: R-${open.number}.`
    : can.allowed && !safeguards.owner_recovery
      ? "Recovery by the Owner is switched off here: somebody with a shell on the server can start one."
      : can;
  return (
    <section className="card col gap3" aria-label="Recovery">
      <div className="row between wrap">
        <h2>Recovery</h2>
        <GatedButton why={why} variant="default" color="danger" onClick={() => onAsk(true)}>
          Recover…
        </GatedButton>
      </div>
      <p className="soft">
        The way out when too few approvers are left, or when one of them blocks everything. The Owner starts
        it, everybody is told, any approver may call it off while it waits, and somebody else reviews it
        afterwards.
      </p>
      {open && (
        <p>
          Under way:{" "}
          <Link to="/s/$site/requests/$id" params={{ site, id: open.id }}>
            R-{open.number} {open.title}
          </Link>
        </p>
      )}
      {asking && whyText(why) === "" && (
        <Suspense fallback={null}>
          <RecoverDialog
            policies={policies}
            onClose={() => onAsk(false)}
            onStarted={(request) =>
              navigate({ to: "/s/$site/requests/$id", params: { site, id: request.id } })
            }
          />
        </Suspense>
      )}
    </section>
  );
}
