import { TextInput } from "@mantine/core";
import { useState } from "react";
import { type WalletOf, walletChange } from "../api/money";
import { hasCode, problemOf } from "../api/problem";
import type { Action } from "../api/types";
import { AddressChange } from "../ui/address";
import { useForetold } from "../ui/use-foretold";
import { type MoneyChange, MoneyDialog, sentence } from "./MoneyDialog";

/** Another address for a sub-account's own money: checked by the server while it is typed. */
export function WalletDialog({ of, name, ...rest }: MoneyChange & { of: WalletOf }) {
  const [address, setAddress] = useState(asked(rest.amends?.action));
  const to = address.trim();
  const action = to === "" ? null : walletChange(of.sub_account, to);
  const said = useForetold(action);
  return (
    <MoneyDialog
      {...rest}
      title={of.current ? `Change the address of ${name}` : `Set an address for ${name}`}
      size={600}
      action={action}
      said={said}
    >
      <TextInput
        label="New address"
        description="Of the main network: it begins with bc1, 1 or 3. The server checks every character."
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
        error={said.refusal ? wrong(said.refusal) : undefined}
        classNames={{ input: "num" }}
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        required
        withAsterisk={false}
        data-autofocus
      />
      {said.fits && <AddressChange from={of.current?.address} to={to} />}
    </MoneyDialog>
  );
}

/** The address that stands in a request. */
const asked = (action: Action | undefined) => (action?.action === "set_wallet" ? action.params.address : "");

/** The server's word on the address. */
function wrong(refusal: unknown): string {
  if (hasCode(refusal, "already_exists")) return "It is paid to this address already.";
  return sentence(problemOf(refusal).detail, /^address: /i);
}
