import { Button, Textarea } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { AccountRef } from "../api/accounts";
import { cancelRequest, createRequest, vote } from "../api/mutations";
import { requestQuery, requestsQuery } from "../api/queries";
import { queryClient } from "../api/query";
import { ChangeRows } from "../ui/changes";
import { ProblemNote } from "../ui/feedback";
import { refused } from "../ui/toast";

/** For whoever is suspended: what they may still stop, which concerns who owns the account, its money and its rules. */
export function StillToStop({ accounts }: { accounts: readonly AccountRef[] }) {
  const { data, error } = useInfiniteQuery({
    ...requestsQuery({ box: "all", state: "pending,approved" }),
    retry: false,
  });
  const ending = accounts.find((account) => account.deletion_at !== null);
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="col gap3" style={{ textAlign: "start" }}>
      <p>
        Your roles give nothing until somebody who manages people ends the suspension. You may still stop what
        concerns who owns the account, its money and its rules.
      </p>
      {error !== null && <ProblemNote error={error} />}
      {ending && (
        <Button color="danger" onClick={() => void keepAccount().catch(refused)}>
          Stop the deletion of {ending.name}
        </Button>
      )}
      {data && items.length === 0 && !ending && <p className="dim">Nothing of that kind waits now.</p>}
      {items.map((item) => (
        <One key={item.id} id={item.id} />
      ))}
    </div>
  );
}

async function keepAccount() {
  await createRequest({ action: "keep_account", params: {} }, []);
  // Everything anew: what was known is of no use any more.
  window.location.reload();
}

function One({ id }: { id: string }) {
  const { data: request, error } = useQuery({ ...requestQuery(id), retry: false });
  const [reason, setReason] = useState("");
  if (error !== null) return <ProblemNote error={error} />;
  if (!request) return null;
  const approved = request.state === "approved";
  const stop = async () => {
    await (approved ? cancelRequest(id, reason.trim()) : vote(request, "reject", reason.trim()));
    await queryClient.invalidateQueries({ queryKey: ["requests"] });
  };
  return (
    <section className="card col gap3" aria-label={`R-${request.number}`}>
      <h3>
        R-{request.number} {request.title}
      </h3>
      <ChangeRows rows={request.changes} />
      <Textarea
        label="Reason"
        description="Everybody who sees the request reads this."
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={1000}
      />
      <Button color="danger" disabled={reason.trim() === ""} onClick={() => void stop().catch(refused)}>
        {approved ? "Call it off" : "Reject it"}
      </Button>
    </section>
  );
}
