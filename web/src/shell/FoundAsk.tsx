import { TextInput } from "@mantine/core";
import { useState } from "react";
import { foundAccount } from "../api/accounts";
import { Ask } from "../ui/ask";

/** The name of one more account, of which one becomes the Owner. */
export function FoundAsk({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  return (
    <Ask
      opened
      onClose={onClose}
      title="Make another account"
      confirm="Make it"
      onConfirm={() => foundAccount(name.trim())}
    >
      <TextInput
        label="Company"
        description="You become its Owner, and look at it at once. Accounts see nothing of each other."
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={60}
        required
        withAsterisk={false}
        data-autofocus
      />
    </Ask>
  );
}
