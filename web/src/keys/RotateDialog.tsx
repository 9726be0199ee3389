import { Select } from "@mantine/core";
import { useState } from "react";
import { rotateKey } from "../api/keys";
import type { ApiKey } from "../api/types";
import { FormDialog } from "../ui/form-dialog";

const OVERLAPS = [
  { value: "0", label: "not at all: it is in wrong hands" },
  { value: "1", label: "for an hour" },
  { value: "24", label: "for a day" },
  { value: "168", label: "for seven days" },
];

/** Another secret for a key. */
export function RotateDialog({
  apiKey,
  onClose,
  onMade,
}: {
  apiKey: ApiKey;
  onClose: () => void;
  onMade: (secrets: { token: string; signing_secret: string }) => void;
}) {
  const [overlap, setOverlap] = useState("24");
  return (
    <FormDialog
      title={`A new secret for ${apiKey.name}`}
      confirm="Rotate"
      onClose={onClose}
      send={async () => onMade(await rotateKey(apiKey.id, Number(overlap)))}
    >
      <Select
        label="The old one still opens"
        data={OVERLAPS}
        value={overlap}
        onChange={(value) => setOverlap(value ?? "24")}
        allowDeselect={false}
      />
      {apiKey.former && <p className="soft">The secret before this one opens nothing from then on.</p>}
    </FormDialog>
  );
}
