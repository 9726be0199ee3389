import { Checkbox, Radio, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { issueKey } from "../api/keys";
import type { ApiKeyIssued, OwnApiKeys } from "../api/types";
import { FormDialog } from "../ui/form-dialog";
import { OriginsField } from "./OriginsField";
import { networksIn, originsOf } from "./origins";

const LIVES = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "180", label: "180 days" },
  { value: "365", label: "a year" },
];
const FOR_EVER = { value: "", label: "as long as my role" };

/** A new key under one of one's own grants. */
export function KeyDialog({
  grants,
  onClose,
  onMade,
}: {
  grants: OwnApiKeys["grants"];
  onClose: () => void;
  onMade: (name: string, made: ApiKeyIssued) => void;
}) {
  const [name, setName] = useState("");
  const [grant, setGrant] = useState(grants[0]?.id ?? "");
  const [access, setAccess] = useState<"read_only" | "read_write">("read_only");
  const [life, setLife] = useState("90");
  const [anywhere, setAnywhere] = useState(true);
  const [networks, setNetworks] = useState("");
  const [signed, setSigned] = useState(false);
  const chosen = grants.find((one) => one.id === grant);
  const writes = access === "read_write";
  const mayWrite = chosen?.api_access === "read_write";
  const choose = (wanted: "read_only" | "read_write") => {
    setAccess(wanted);
    // Whoever lets it write from anywhere says so.
    setAnywhere(wanted === "read_only");
    if (wanted === "read_write" && life === "") setLife("90");
  };
  const send = async () => {
    const made = await issueKey({
      grant,
      name: name.trim(),
      access,
      expires_in_days: life === "" ? null : Number(life),
      from: originsOf(anywhere, networks),
      require_hmac: writes && signed,
    });
    onMade(name.trim(), made);
  };
  return (
    <FormDialog
      title="New API key"
      confirm={writes ? "Ask for it" : "Make it"}
      ready={name.trim() !== "" && grant !== "" && (anywhere || networksIn(networks).length > 0)}
      onClose={onClose}
      send={send}
    >
      <TextInput
        label="Name"
        description="What it is for."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={60}
        required
        withAsterisk={false}
        data-autofocus
      />
      {grants.length > 1 && (
        <Select
          label="Under my role"
          data={grants.map((one) => ({ value: one.id, label: one.role_title }))}
          value={grant}
          onChange={(value) => {
            setGrant(value ?? "");
            choose("read_only");
          }}
          allowDeselect={false}
        />
      )}
      <Radio.Group
        label="It may"
        value={access}
        onChange={(value) => choose(value === "read_write" ? "read_write" : "read_only")}
      >
        <div className="col gap2">
          <Radio
            value="read_only"
            label="Read only"
            description="Revenue, hashrate and what else my role may look at."
          />
          <Radio
            value="read_write"
            label="Read and write"
            disabled={!mayWrite}
            description={
              mayWrite
                ? "Also ask for what my role may change. It never votes, and it takes an approval to make it."
                : "My role's API access is read-only."
            }
          />
        </div>
      </Radio.Group>
      <Select
        label="It ends after"
        data={writes ? LIVES : [FOR_EVER, ...LIVES]}
        value={life}
        onChange={(value) => setLife(value ?? "")}
        allowDeselect={false}
      />
      <OriginsField
        anywhere={anywhere}
        networks={networks}
        mayWiden
        onChange={(every, text) => {
          setAnywhere(every);
          setNetworks(text);
        }}
      />
      {writes && (
        <Checkbox
          label="What it changes must be signed"
          description="With a second secret that is never sent, so that nobody who has read the token can use it."
          checked={signed}
          onChange={(event) => setSigned(event.currentTarget.checked)}
        />
      )}
    </FormDialog>
  );
}
