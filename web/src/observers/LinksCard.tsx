import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { SubAccount } from "../api/estate";
import {
  type ObserverLink,
  type ObserverLinkMade,
  observerLinksQuery,
  protectObservers,
  revokeObserverLink,
} from "../api/observers";
import { Ask } from "../ui/ask";
import { LoadError, Note } from "../ui/feedback";
import { dateTime, plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { OnceDialog } from "../ui/once-dialog";
import { useCan } from "../ui/permissions";
import { useOutcome } from "../ui/use-outcome";
import { LinkDialog } from "./LinkDialog";

type Task = { kind: "new" | "open" | "protect" } | { kind: "revoke"; link: ObserverLink };

/** Links by which people without an account look at sub-accounts, and whether they need one. */
export function LinksCard({ subAccounts }: { subAccounts: SubAccount[] }) {
  const why = useCan()("observer.manage");
  const { data, error, refetch } = useQuery({ ...observerLinksQuery, enabled: why.allowed });
  const [task, setTask] = useState<Task | null>(null);
  const [made, setMade] = useState<ObserverLinkMade | null>(null);
  const outcome = useOutcome();
  const close = () => setTask(null);
  if (!why.allowed) return null;
  const live = data?.items.filter((link) => link.live) ?? [];
  const name = (id: string) => subAccounts.find((of) => of.id === id)?.name ?? id;
  return (
    <section className="card col gap3" aria-label="Observer links">
      <div className="row between wrap">
        <div>
          <h2>Observer links</h2>
          <p className="dim small">
            Whoever has such a link sees hashrate and devices of its sub-accounts, without an account here.
          </p>
        </div>
        <GatedButton
          why={subAccounts.length === 0 ? "There is no sub-account to show yet." : why}
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() => setTask({ kind: "new" })}
        >
          Make a link…
        </GatedButton>
      </div>
      {error && <LoadError error={error} retry={() => void refetch()} />}
      {data && !data.protected && (
        <Note tone="warn" title="Every sub-account is open to whoever knows its name">
          Its page stands at <span className="num">/observe/btc/</span> and its name.
        </Note>
      )}
      {live.length > 0 && (
        <ul className="plain col">
          {live.map((link) => (
            <li key={link.id} className="row between wrap">
              <span>
                <b>{link.label}</b>{" "}
                <span className="dim">
                  {link.sub_accounts.map(name).join(", ")}
                  {link.sections.workers && ", with workers"}
                  {link.sections.earnings && ", with what is due"}; until {dateTime(link.expires_at)}
                </span>
              </span>
              <GatedButton
                why={why}
                variant="default"
                aria-label={`Revoke the link ${link.label}`}
                onClick={() => setTask({ kind: "revoke", link })}
              >
                Revoke…
              </GatedButton>
            </li>
          ))}
        </ul>
      )}
      {data && (
        <div className="row between wrap">
          <span className="dim small">
            {data.protected ? "Pages open by links only." : "Pages also open by name."}{" "}
            {live.length > 0 && plural(live.length, "live link")}
          </span>
          <GatedButton
            why={why}
            variant="default"
            onClick={() => setTask({ kind: data.protected ? "open" : "protect" })}
          >
            {data.protected ? "Open pages by name…" : "Protect them…"}
          </GatedButton>
        </div>
      )}
      {task?.kind === "new" && <LinkDialog subAccounts={subAccounts} onClose={close} onMade={setMade} />}
      {made && (
        <OnceDialog
          title="The link"
          value={`${location.origin}${made.path}`}
          copy="the link"
          warning="Whoever has it sees what it shows, until it ends or is revoked."
          onClose={() => setMade(null)}
        >
          <p>
            {made.link
              ? "Give it to whoever is to look."
              : `It shows nothing until R-${made.request.number} is approved.`}
          </p>
        </OnceDialog>
      )}
      <Ask
        opened={task?.kind === "revoke"}
        onClose={close}
        title={task?.kind === "revoke" ? `Revoke ${task.link.label}?` : ""}
        confirm="Revoke"
        danger
        onConfirm={async () =>
          task?.kind === "revoke" && outcome(await revokeObserverLink(task.link.id), "Revoked")
        }
      >
        <p className="soft">It shows nothing any more, at once, also where it is open.</p>
      </Ask>
      <Ask
        opened={task?.kind === "open" || task?.kind === "protect"}
        onClose={close}
        title={task?.kind === "open" ? "Let pages open by name?" : "Protect the pages?"}
        confirm={task?.kind === "open" ? "Open them" : "Protect"}
        danger={task?.kind === "open"}
        onConfirm={async () => {
          const on = task?.kind === "protect";
          outcome(
            await protectObservers(on, { workers: true, earnings: false }),
            on ? "Protected" : "Opened",
          );
        }}
      >
        <p className="soft">
          {task?.kind === "open"
            ? "Everybody who knows or guesses a sub-account's name sees its hashrate and workers."
            : "From now on only links show anything; those that were issued stay."}
        </p>
      </Ask>
    </section>
  );
}
