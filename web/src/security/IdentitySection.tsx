import { Button } from "@mantine/core";
import { useState } from "react";
import { linkIdentity, removeIdentity } from "../api/account";
import type { Identity, Security } from "../api/account-types";
import { Ask } from "../ui/ask";
import { dateTime } from "../ui/format";
import { refused, told } from "../ui/toast";
import { Section } from "./Section";
import css from "./Security.module.css";

/** Accounts at identity providers that sign this person in; absent where the server knows no provider. */
export function IdentitySection({ security }: { security: Security }) {
  const [leaving, setLeaving] = useState<Identity | null>(null);
  const linked = new Set(security.identities.map((identity) => identity.provider));
  const open = security.sso.filter((provider) => !linked.has(provider.id));
  if (security.identities.length === 0 && security.sso.length === 0) return null;
  const link = async (id: string) => {
    try {
      location.assign((await linkIdentity(id)).location);
    } catch (error) {
      refused(error);
    }
  };
  return (
    <Section
      title="Single sign-on"
      state={
        security.identities.length > 0
          ? "These sign you in without your password here."
          : "None linked. Link one to sign in without a password here."
      }
      action={open.map((provider) => (
        <Button key={provider.id} variant="default" onClick={() => void link(provider.id)}>
          Link {provider.name}…
        </Button>
      ))}
    >
      {security.identities.length > 0 && (
        <ul className={css.list}>
          {security.identities.map((identity) => (
            <li key={identity.id}>
              <div className="grow">
                <div className="ellipsis">
                  {identity.name}
                  {identity.email && <span className="dim"> {identity.email}</span>}
                </div>
                <div className="dim small">linked {dateTime(identity.linked_at)}</div>
              </div>
              <Button
                variant="default"
                aria-label={`Unlink ${identity.name}`}
                onClick={() => setLeaving(identity)}
              >
                Unlink…
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Ask
        opened={leaving !== null}
        onClose={() => setLeaving(null)}
        title={`Unlink ${leaving?.name ?? "this identity"}?`}
        confirm="Unlink"
        danger
        onConfirm={async () => {
          if (leaving) await removeIdentity(leaving.id);
          told("Identity unlinked");
        }}
      >
        <p className="soft">It no longer signs you in here. You can link it again at any time.</p>
      </Ask>
    </Section>
  );
}
