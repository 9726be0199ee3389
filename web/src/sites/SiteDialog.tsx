import { NumberInput, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { changeSite, createSite, type Site } from "../api/estate";
import { ALL_SITES } from "../api/queries";
import { FormDialog } from "../ui/form-dialog";
import { useOutcome } from "../ui/use-outcome";

const W_PER_MW = 1_000_000;

/** A new site, or another name or cap for one. */
export function SiteDialog({
  site,
  onClose,
  stay = false,
}: {
  site: Site | null;
  onClose: () => void;
  /** On the page where it is added. */
  stay?: boolean;
}) {
  const [name, setName] = useState(site?.name ?? "");
  const [megawatts, setMegawatts] = useState<number | string>(
    site?.capacity_w == null ? "" : site.capacity_w / W_PER_MW,
  );
  const tell = useOutcome();
  const navigate = useNavigate();
  const asked = {
    name: name.trim(),
    capacity_w: megawatts === "" ? null : Math.round(Number(megawatts) * W_PER_MW),
  };
  const send = async () => {
    const request = site ? await changeSite(site, asked) : (await createSite(asked)).request;
    onClose();
    // Where only another site is shown, the new one would be missed.
    if (!site && !stay) await navigate({ to: "/s/$site/sites", params: { site: ALL_SITES } });
    await tell(request, site ? "Site changed" : `${asked.name} added`);
  };
  const same = site !== null && site.name === asked.name && (site.capacity_w ?? null) === asked.capacity_w;
  return (
    <FormDialog
      title={site ? `Change ${site.name}` : "Add a site"}
      confirm={site ? "Change" : "Add"}
      ready={asked.name !== "" && !same}
      onClose={onClose}
      send={send}
    >
      <TextInput
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={60}
        required
        withAsterisk={false}
        data-autofocus
      />
      <NumberInput
        label="Power it may draw, MW (optional)"
        description="As contracted. The header warns from 95 % of it on."
        value={megawatts}
        onChange={setMegawatts}
        min={0}
        max={100_000}
        decimalScale={6}
        step={1}
        hideControls
      />
    </FormDialog>
  );
}
