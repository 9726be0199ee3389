import { Textarea } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { changeMoney } from "../api/money";
import type { Action, Request } from "../api/types";
import { AMEND, Amends, amendTitle, isSame, NOTHING_NEW } from "../ui/amends";
import { Note } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { wait } from "../ui/format";
import type { Foretold } from "../ui/use-foretold";

/** Whose money, and what follows. */
export interface MoneyChange {
  name: string;
  /** The request that waits, in whose place the change is asked for. */
  amends?: Request;
  onClose: () => void;
  onAsked: (request: Request) => void;
}

/** A form for a change of a sub-account's money, with the rule it goes by; sent only once the server has found that it fits. */
export function MoneyDialog({
  title,
  size,
  action,
  said: { rule, fits },
  missing,
  then,
  amends,
  onClose,
  onAsked,
  children,
}: Omit<MoneyChange, "name"> & {
  title: string;
  size: number;
  /** What is asked for; null while something is missing. */
  action: Action | null;
  said: Foretold;
  missing?: string;
  /** From when on it counts. */
  then?: string;
  children: ReactNode;
}) {
  const [reason, setReason] = useState(amends?.reason ?? "");
  const same = amends !== undefined && isSame(amends, action, reason);
  return (
    <FormDialog
      title={amends ? amendTitle(amends) : title}
      size={size}
      confirm={amends ? AMEND : rule?.runs_at_once ? "Change it" : "Submit"}
      ready={fits && !same}
      hint={same ? NOTHING_NEW : missing}
      onClose={onClose}
      send={async () => {
        if (!action) return;
        const request = await changeMoney(action, reason.trim(), amends?.id);
        onClose();
        onAsked(request);
      }}
    >
      {amends && <Amends request={amends} />}
      {children}
      <Textarea
        label="Reason (optional)"
        description="Whoever approves reads it."
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={1000}
        rows={2}
      />
      {rule && fits && (
        <Note title={rule.sentence}>
          {rule.timelock_s > 0 &&
            `In the ${wait(rule.timelock_s)} after its approval what is due is held, not lost, and any approver may cancel it. `}
          {then}
        </Note>
      )}
    </FormDialog>
  );
}

/** What the server says of a field, without the field's name. */
export function sentence(detail: string, field: RegExp): string {
  const text = detail.replace(field, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
