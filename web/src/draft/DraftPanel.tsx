import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconPencil, IconPin, IconPinFilled, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { discardDraft } from "../api/mutations";
import { draftQuery } from "../api/queries";
import type { Draft, SiteRef } from "../api/types";
import { useSitesInScope } from "../shell/site";
import { Ask } from "../ui/ask";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { deltaPower, plural } from "../ui/format";
import { usePrefs } from "../ui/prefs";
import { told } from "../ui/toast";
import { ChangeCard } from "./ChangeCard";
import css from "./Draft.module.css";

/** The draft at hand while working: what is in it, what it would do, which rule it meets. */
export function DraftPanel({ onClose }: { onClose: () => void }) {
  const sites = useSitesInScope();
  const pinned = usePrefs((prefs) => prefs.draftPinned);
  return (
    <div className={css.panel}>
      <div className={css.head}>
        <h2>Draft</h2>
        <Tooltip label={pinned ? "Let it float" : "Keep it beside the page"}>
          <ActionIcon
            variant="subtle"
            className="wide-only"
            aria-label="Pin the draft panel"
            aria-pressed={pinned}
            onClick={() => usePrefs.setState({ draftPinned: !pinned })}
          >
            {pinned ? (
              <IconPinFilled size={16} aria-hidden="true" />
            ) : (
              <IconPin size={16} aria-hidden="true" />
            )}
          </ActionIcon>
        </Tooltip>
        <ActionIcon variant="subtle" aria-label="Close the draft panel" onClick={onClose}>
          <IconX size={17} aria-hidden="true" />
        </ActionIcon>
      </div>
      {sites.length === 1 && sites[0] ? (
        <OneDraft site={sites[0]} onClose={onClose} />
      ) : (
        <div className={css.list}>
          {sites.map((site) => (
            <section key={site.id} className="col" aria-label={site.name}>
              <h3>{site.name}</h3>
              <OneDraft site={site} onClose={onClose} short />
            </section>
          ))}
        </div>
      )}
    </div>
  );
}

function OneDraft({ site, onClose, short = false }: { site: SiteRef; onClose: () => void; short?: boolean }) {
  const { data, error, refetch } = useQuery(draftQuery(site.id));
  if (error) return <LoadError error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={3} height={60} />;
  if (data.changes.length === 0)
    return short ? (
      <p className="dim small">Empty</p>
    ) : (
      <Empty title="Nothing in the draft" icon={<IconPencil size={26} aria-hidden="true" className="dim" />}>
        <p>Select devices and choose an action. It waits here, with its effect, until you submit it.</p>
      </Empty>
    );
  const cards = data.changes.map((change) => <ChangeCard key={change.id} site={site.id} change={change} />);
  return (
    <>
      {short ? cards : <div className={css.list}>{cards}</div>}
      <Footer draft={data} onClose={onClose} bare={short} />
    </>
  );
}

function Footer({ draft, onClose, bare }: { draft: Draft; onClose: () => void; bare: boolean }) {
  const [asking, setAsking] = useState(false);
  return (
    <div className={bare ? "col" : css.foot}>
      <DraftEffect draft={draft} />
      <RuleLines draft={draft} />
      <div className="row between">
        <Button variant="subtle" onClick={() => setAsking(true)}>
          Discard…
        </Button>
        <Button
          component={Link}
          to="/s/$site/review"
          params={{ site: draft.site } as never}
          onClick={onClose}
        >
          Review and submit
        </Button>
      </div>
      <DiscardAsk draft={draft} opened={asking} onClose={() => setAsking(false)} />
    </div>
  );
}

export function DraftEffect({ draft }: { draft: Draft }) {
  if (!draft.effect) return null;
  const { devices, delta_w, unknown } = draft.effect;
  return (
    <div className="row between">
      <span>{plural(devices, "device")}</span>
      <span>
        <b className="num">{deltaPower(delta_w)}</b>
        {unknown > 0 && delta_w !== null && <span className="dim small"> (no estimate for {unknown})</span>}
      </span>
    </div>
  );
}

/** The rules the draft meets, each said once. */
export function RuleLines({ draft }: { draft: Draft }) {
  const sentences = [...new Set(draft.changes.map((change) => change.rule.sentence))];
  return (
    <ul className="plain small soft">
      {sentences.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

export function DiscardAsk({
  draft,
  opened,
  onClose,
}: {
  draft: Draft;
  opened: boolean;
  onClose: () => void;
}) {
  return (
    <Ask
      opened={opened}
      onClose={onClose}
      title="Discard the draft?"
      confirm="Discard the draft"
      danger
      onConfirm={async () => {
        await discardDraft(draft.site);
        told("Draft discarded");
      }}
    >
      <p className="soft">
        {plural(draft.changes.length, "change")} on {plural(draft.effect?.devices ?? 0, "device")} will be
        dropped. No device is touched.
      </p>
    </Ask>
  );
}
