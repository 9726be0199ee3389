import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Invitation } from "../api/account-types";
import { invitationsQuery, withdrawInvitation } from "../api/people";
import { useRoleTitle } from "../roles/role-title";
import { scopeWords } from "../roles/scope";
import { useNodeName } from "../shell/site";
import { Ask } from "../ui/ask";
import { LoadError } from "../ui/feedback";
import { NONE, until, words } from "../ui/format";
import { told } from "../ui/toast";
import { useNow } from "../ui/use-now";

const MAIL: Record<Invitation["mail"], string> = {
  sent: "mail sent",
  sending: "mail on its way",
  failed: "mail failed: invite them anew",
  not_configured: "no mail",
};

/** Invitations that were made; absent while there are none. */
export function Invitations() {
  const { data, error, refetch } = useQuery(invitationsQuery);
  const [leaving, setLeaving] = useState<Invitation | null>(null);
  const nodeName = useNodeName();
  const roleTitle = useRoleTitle();
  const now = useNow();
  if (error) return <LoadError error={error} retry={() => void refetch()} />;
  if (!data || data.items.length === 0) return null;
  return (
    <section className="col" aria-label="Invitations">
      <h2>Invitations</h2>
      <div className="card scroll-x" style={{ padding: 0 }}>
        <table className="data stack">
          <thead>
            <tr>
              <th scope="col">E-mail</th>
              <th scope="col">Role</th>
              <th scope="col">Where</th>
              <th scope="col">Remark</th>
              <th scope="col">By</th>
              <th scope="col">State</th>
              <th scope="col">
                <span className="sr">Withdraw</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((invitation) => (
              <tr key={invitation.id}>
                <td data-label="E-mail">{invitation.email}</td>
                <td data-label="Role">{roleTitle(invitation.role)}</td>
                <td data-label="Where">{scopeWords(invitation.scope, nodeName)}</td>
                <td data-label="Remark">{invitation.remark ?? NONE}</td>
                <td data-label="By">{invitation.invited_by.name}</td>
                <td data-label="State">
                  <div>
                    {invitation.state === "open"
                      ? `open, ends ${until(invitation.expires_at, now)}`
                      : words(invitation.state).toLowerCase()}
                    {invitation.state === "open" && (
                      <div className={invitation.mail === "failed" ? "warn small" : "dim small"}>
                        {MAIL[invitation.mail]}
                      </div>
                    )}
                  </div>
                </td>
                <td data-label="" className="r">
                  {invitation.state === "open" && (
                    <Button
                      variant="default"
                      aria-label={`Withdraw the invitation of ${invitation.email}`}
                      onClick={() => setLeaving(invitation)}
                    >
                      Withdraw…
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Ask
        opened={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Withdraw the invitation of ${leaving?.email ?? ""}?`}
        confirm="Withdraw"
        danger
        onConfirm={async () => {
          if (leaving) await withdrawInvitation(leaving.id);
          told("Invitation withdrawn", "Its link no longer works.");
        }}
      >
        <p className="soft">Its link stops working at once. You can invite them anew.</p>
      </Ask>
    </section>
  );
}
