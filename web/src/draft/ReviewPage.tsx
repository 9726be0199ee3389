import { Button, TextInput } from "@mantine/core";
import { IconPencilCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { submitDraft } from "../api/mutations";
import { hasCode } from "../api/problem";
import { draftQuery } from "../api/queries";
import type { Draft, SiteRef, SubmitResult } from "../api/types";
import { useSite, useSitesInScope } from "../shell/site";
import { Empty, LoadError, Note, ProblemNote, Tile, Tiles, Waiting } from "../ui/feedback";
import { ago, deltaPower, plural, power } from "../ui/format";
import { RequestStateMark } from "../ui/request-state";
import { useNow } from "../ui/use-now";
import { ChangeReview } from "./ChangeReview";
import css from "./Draft.module.css";
import { DiscardAsk } from "./DraftPanel";

export function ReviewPage() {
  const sites = useSitesInScope();
  return (
    <div className="page">
      <h1>Review draft</h1>
      {sites.map((site) => (
        <SiteReview key={site.id} site={site} named={sites.length > 1} />
      ))}
    </div>
  );
}

function SiteReview({ site, named }: { site: SiteRef; named: boolean }) {
  const { data, error, refetch } = useQuery(draftQuery(site.id));
  const [result, setResult] = useState<SubmitResult | null>(null);
  return (
    <section className="col gap4" aria-label={site.name}>
      {named && <h2>{site.name}</h2>}
      {result && <Submitted result={result} />}
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={4} height={64} />
      ) : data.changes.length === 0 ? (
        !result && <NoDraft named={named} />
      ) : (
        <Review draft={data} onSubmitted={setResult} />
      )}
    </section>
  );
}

function NoDraft({ named }: { named: boolean }) {
  const site = useSite();
  if (named) return <p className="dim">Nothing in the draft of this site.</p>;
  return (
    <Empty title="Nothing to review" icon={<IconPencilCheck size={28} aria-hidden="true" className="dim" />}>
      <p>
        Select devices, choose an action, and it waits in your draft. Here you see what the whole draft would
        do before you submit it.
      </p>
      <Link to="/s/$site/devices" params={{ site }}>
        Go to the devices
      </Link>
    </Empty>
  );
}

function Review({ draft, onSubmitted }: { draft: Draft; onSubmitted: (result: SubmitResult) => void }) {
  const site = useSite();
  const navigate = useNavigate();
  const now = useNow();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [discarding, setDiscarding] = useState(false);
  const warnings = draft.changes.reduce((sum, change) => sum + change.warnings.length, 0);
  const waits = draft.changes.filter((change) => !change.rule.runs_at_once).length;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const result = await submitDraft(draft.site, draft.version, reason.trim());
      const [only] = result.requests;
      if (only && result.requests.length === 1 && result.refused.length === 0)
        await navigate({ to: "/s/$site/requests/$id", params: { site, id: only.id } });
      else onSubmitted(result);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <Tiles>
        <Tile
          label="Devices"
          value={draft.effect?.devices ?? 0}
          note={plural(draft.changes.length, "change")}
        />
        <Tile
          label="Power"
          value={deltaPower(draft.effect?.delta_w)}
          note={
            draft.effect && draft.effect.unknown > 0
              ? `${draft.effect.delta_w === null ? "" : "no estimate "}for ${plural(draft.effect.unknown, "device")}`
              : `${power(draft.effect?.before_w)} → ${power(draft.effect?.after_w)}`
          }
        />
        <Tile
          label="On submit"
          value={waits === 0 ? "Runs at once" : waits === draft.changes.length ? "Waits" : `${waits} wait`}
          note={waits === 0 ? "no further approval" : "for approval"}
        />
        <Tile
          label="Warnings"
          value={<span className={warnings > 0 ? "warn" : undefined}>{warnings}</span>}
          note={draft.updated_at ? `changed ${ago(draft.updated_at, now)}` : undefined}
        />
      </Tiles>
      {draft.changes.map((change) => (
        <ChangeReview key={change.id} site={draft.site} change={change} />
      ))}
      <form className={`card col ${css.submit}`} onSubmit={submit}>
        {error !== null &&
          (hasCode(error, "draft_changed") ? (
            <Note tone="warn" title="The draft has changed meanwhile" alert>
              What you see now is the newer draft. Look at it again before you submit it.
            </Note>
          ) : (
            <ProblemNote error={error} />
          ))}
        <div className={css.reason}>
          <TextInput
            label="Reason (optional)"
            placeholder="Approvers read it; it stays in the audit log"
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            maxLength={1000}
          />
          <Button variant="subtle" size="sm" onClick={() => setDiscarding(true)}>
            Discard…
          </Button>
          <Button type="submit" size="sm" loading={busy}>
            {waits === 0 ? "Submit and run" : "Submit for approval"}
          </Button>
        </div>
      </form>
      <DiscardAsk draft={draft} opened={discarding} onClose={() => setDiscarding(false)} />
    </>
  );
}

function Submitted({ result }: { result: SubmitResult }) {
  const site = useSite();
  return (
    <div className="card col gap3" role="status">
      <h2>
        {result.requests.length > 0
          ? `${plural(result.requests.length, "request")} submitted`
          : "Nothing was submitted"}
      </h2>
      <ul className="plain col">
        {result.requests.map((request) => (
          <li key={request.id} className="row between wrap">
            <Link to="/s/$site/requests/$id" params={{ site, id: request.id }}>
              R-{request.number} {request.title}
            </Link>
            <RequestStateMark state={request.state} />
          </li>
        ))}
      </ul>
      {result.refused.map((entry) => (
        <ProblemNote key={entry.change} problem={entry.problem} />
      ))}
    </div>
  );
}
