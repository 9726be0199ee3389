import { Checkbox, Select, Textarea, TextInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { amendRequest } from "../api/mutations";
import type { Item, PowerMode, Request } from "../api/types";
import { hasPasswords, withoutPasswords } from "../devices/pools";
import { useSite } from "../shell/site";
import { POWER_MODES } from "../ui/actions";
import { FormDialog } from "../ui/form-dialog";
import { count, plural } from "../ui/format";
import { told } from "../ui/toast";
import { TONE } from "./items";
import css from "./Requests.module.css";

/** So many rows at once; the filter finds the others. */
const SHOWN = 100;

/** Another revision of a request that waits: fewer devices, another power mode, another reason. */
export function AmendDialog({
  request,
  items,
  onClose,
}: {
  request: Request;
  items: readonly Item[];
  onClose: () => void;
}) {
  const site = useSite();
  const navigate = useNavigate();
  const [out, setOut] = useState<ReadonlySet<string>>(new Set());
  const [text, setText] = useState("");
  const [reason, setReason] = useState(request.reason ?? "");
  const { action } = request;
  const before = action.action === "set_power_mode" ? action.params.mode : null;
  const [mode, setMode] = useState<PowerMode | null>(before);
  const targets = items.filter((item) => TONE[item.state] === "waiting").map((item) => item.target);
  const left = targets.filter((target) => !out.has(target.id));
  const sought = text.trim().toLowerCase();
  const found = targets.filter((target) =>
    `${target.name} ${target.model} ${target.ip}`.toLowerCase().includes(sought),
  );
  const same = out.size === 0 && mode === before && reason.trim() === (request.reason ?? "");

  const send = async () => {
    const changed =
      mode === null ? withoutPasswords(action) : ({ action: "set_power_mode", params: { mode } } as const);
    const next = await amendRequest(
      request.id,
      changed,
      left.map((target) => target.id),
      reason.trim(),
    );
    told(`R-${next.number} takes the place of R-${request.number}`);
    onClose();
    await navigate({ to: "/s/$site/requests/$id", params: { site, id: next.id } });
  };
  const toggle = (id: string, kept: boolean) => {
    const next = new Set(out);
    if (kept) next.delete(id);
    else next.add(id);
    setOut(next);
  };

  return (
    <FormDialog
      title={`Amend R-${request.number}`}
      confirm="Submit the amended request"
      ready={!same && left.length > 0}
      hint={
        left.length === 0 ? "At least one device must stay" : same ? "Nothing is different yet" : undefined
      }
      onClose={onClose}
      send={send}
    >
      <p className="soft">
        It becomes another request with a number of its own; this one ends, and the votes on it are void.
        {hasPasswords(action) && " Pools keep the passwords that were given with it."}
      </p>
      {mode !== null && (
        <Select
          label="Power mode"
          data={POWER_MODES}
          value={mode}
          allowDeselect={false}
          onChange={(value) => setMode(POWER_MODES.find((known) => known === value) ?? mode)}
        />
      )}
      <fieldset className="bare col">
        <legend>
          Devices: <span className="num">{count(left.length)}</span> of {plural(targets.length, "device")}{" "}
          stay
        </legend>
        {targets.length > 10 && (
          <TextInput
            aria-label="Find a device"
            placeholder="Name, IP, model"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        <div className={css.amended}>
          {found.slice(0, SHOWN).map((target) => (
            <Checkbox
              key={target.id}
              label={`${target.name}, ${target.model}`}
              checked={!out.has(target.id)}
              onChange={(event) => toggle(target.id, event.currentTarget.checked)}
            />
          ))}
        </div>
        {found.length > SHOWN && (
          <p className="small dim">{count(found.length - SHOWN)} more: type to find them.</p>
        )}
      </fieldset>
      <Textarea
        label="Reason (optional)"
        value={reason}
        maxLength={1000}
        rows={2}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
