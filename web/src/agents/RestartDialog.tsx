import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { createRequest, previewRequest } from "../api/mutations";
import type { Action, SiteRef } from "../api/types";
import { useSite } from "../shell/site";
import { Ask } from "../ui/ask";
import { Note, ProblemNote, Waiting } from "../ui/feedback";

/** Asks for a restart of every worker of a site; the rule usually wants a second person. */
export function RestartDialog({
  opened,
  onClose,
  sites,
}: {
  opened: boolean;
  onClose: () => void;
  sites: SiteRef[];
}) {
  const site = useSite();
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string | null>(sites[0]?.id ?? null);
  useEffect(() => {
    if (!sites.some((entry) => entry.id === chosen)) setChosen(sites[0]?.id ?? null);
  }, [sites, chosen]);
  const action: Action = { action: "restart_workers", params: { site: chosen ?? "" } };
  const preview = useQuery({
    queryKey: ["preview", action],
    queryFn: () => previewRequest(action, []),
    enabled: opened && chosen !== null,
    staleTime: 0,
  });
  return (
    <Ask
      opened={opened}
      onClose={onClose}
      title="Restart collection workers"
      confirm={preview.data?.rule.runs_at_once ? "Restart now" : "Submit for approval"}
      reason="optional"
      onConfirm={async (reason) => {
        const request = await createRequest(action, [], reason);
        await navigate({ to: "/s/$site/requests/$id", params: { site, id: request.id } });
      }}
    >
      <p className="soft">
        Every worker of the site stops and starts anew, with a new generation number. Devices keep mining;
        their numbers pause for a few seconds.
      </p>
      {sites.length > 1 && (
        <Select
          label="Site"
          value={chosen}
          onChange={setChosen}
          allowDeselect={false}
          data={sites.map((entry) => ({ value: entry.id, label: entry.name }))}
        />
      )}
      {preview.isPending && chosen !== null ? (
        <Waiting rows={1} height={44} />
      ) : preview.isError ? (
        <ProblemNote error={preview.error} />
      ) : (
        preview.data && (
          <Note title={preview.data.rule.sentence}>
            {preview.data.warnings.map((warning) => (
              <div key={warning.detail}>{warning.detail}</div>
            ))}
          </Note>
        )
      )}
    </Ask>
  );
}
