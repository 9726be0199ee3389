import { Checkbox, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { changeKey } from "../api/keys";
import type { ApiKey } from "../api/types";
import { FormDialog } from "../ui/form-dialog";
import { told } from "../ui/toast";
import { OriginsField } from "./OriginsField";
import { networksIn, originsOf, textOf } from "./origins";

const DAY = 86_400_000;
const SOONER = [1, 7, 30, 90];

/** Another name, and narrower terms. */
export function ChangeDialog({ apiKey, now, onClose }: { apiKey: ApiKey; now: number; onClose: () => void }) {
  const [name, setName] = useState(apiKey.name);
  const [anywhere, setAnywhere] = useState(apiKey.from === "anywhere");
  const [networks, setNetworks] = useState(textOf(apiKey.from));
  const [end, setEnd] = useState("");
  const [signed, setSigned] = useState(apiKey.require_hmac);
  const sooner = SOONER.filter((days) => apiKey.expires_at === null || now + days * DAY < apiKey.expires_at);
  const send = async () => {
    await changeKey(apiKey, {
      name: name.trim(),
      from: originsOf(anywhere, networks),
      expires_at: end === "" ? apiKey.expires_at : now + Number(end) * DAY,
      require_hmac: signed,
    });
    told("API key saved");
    onClose();
  };
  return (
    <FormDialog
      title={`Change ${apiKey.name}`}
      confirm="Save"
      ready={name.trim() !== "" && (anywhere || networksIn(networks).length > 0)}
      onClose={onClose}
      send={send}
    >
      <p className="soft">A key only becomes narrower. For more, make another one.</p>
      <TextInput
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={60}
        required
        withAsterisk={false}
        data-autofocus
      />
      <OriginsField
        anywhere={anywhere}
        networks={networks}
        mayWiden={apiKey.from === "anywhere"}
        onChange={(every, text) => {
          setAnywhere(every);
          setNetworks(text);
        }}
      />
      {sooner.length > 0 && (
        <Select
          label="It ends"
          data={[
            { value: "", label: "as before" },
            ...sooner.map((days) => ({
              value: String(days),
              label: days === 1 ? "in a day" : `in ${days} days`,
            })),
          ]}
          value={end}
          onChange={(value) => setEnd(value ?? "")}
          allowDeselect={false}
        />
      )}
      {apiKey.access === "read_write" && (
        <Checkbox
          label="What it changes must be signed"
          checked={signed}
          disabled={apiKey.require_hmac}
          onChange={(event) => setSigned(event.currentTarget.checked)}
        />
      )}
    </FormDialog>
  );
}
