import { Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { changeMoney, type WalletOf, walletChange } from "../api/money";
import { hasCode, problemOf } from "../api/problem";
import type { Request } from "../api/types";
import { AddressChange } from "../ui/address";
import { FormDialog } from "../ui/form-dialog";
import { Foretold } from "./Foretold";
import { useForetold } from "./use-foretold";

/** Another address for a sub-account's own money: checked by the server while it is typed. */
export function WalletDialog({
  of,
  name,
  onClose,
  onAsked,
}: {
  of: WalletOf;
  name: string;
  onClose: () => void;
  onAsked: (request: Request) => void;
}) {
  const [address, setAddress] = useState("");
  const [reason, setReason] = useState("");
  const to = address.trim();
  const action = to === "" ? null : walletChange(of.sub_account, to);
  const { rule, refusal, fits } = useForetold(action);
  return (
    <FormDialog
      title={of.current ? `Change the address of ${name}` : `Set an address for ${name}`}
      size={600}
      confirm={rule?.runs_at_once ? "Change it" : "Submit"}
      ready={fits}
      onClose={onClose}
      send={async () => {
        if (!action) return;
        const request = await changeMoney(action, reason.trim());
        onClose();
        onAsked(request);
      }}
    >
      <TextInput
        label="New address"
        description="Of the main network: it begins with bc1, 1 or 3. The server checks every character."
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
        error={refusal ? wrong(refusal) : undefined}
        classNames={{ input: "num" }}
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        required
        withAsterisk={false}
        data-autofocus
      />
      {fits && <AddressChange from={of.current?.address} to={to} />}
      <Textarea
        label="Reason (optional)"
        description="Whoever approves reads it."
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={1000}
        rows={2}
      />
      {rule && fits && <Foretold rule={rule} />}
    </FormDialog>
  );
}

/** The server's word on the address, without the name of the field. */
function wrong(refusal: unknown): string {
  if (hasCode(refusal, "already_exists")) return "It is paid to this address already.";
  const text = problemOf(refusal).detail.replace(/^address: /i, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
