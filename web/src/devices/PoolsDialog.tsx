import { PasswordInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { poolsNow } from "../api/mutations";
import type { Action, PoolsNow, Preview } from "../api/types";
import { LoadError, Note, ProblemNote, Waiting } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { count, plural } from "../ui/format";
import { useForetold } from "../ui/use-foretold";
import css from "./Devices.module.css";
import { actionOf, NAMES, namesOf, type Pool, SLOTS, saidOf, startOf, withName } from "./pools";

const MOST_NAMES = 6;

interface Asked {
  targets: readonly string[];
  onClose: () => void;
  onSet: (action: Action) => void;
}

/** Asks for up to three pools, in the order devices try them; begins with what the devices have now. */
export function PoolsDialog(asked: Asked) {
  const [targets] = useState(asked.targets);
  const { data, error, refetch } = useQuery({
    queryKey: ["pools-now", targets],
    queryFn: () => poolsNow(targets),
    gcTime: 0,
    // What was begun with stays while it is written on.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  if (data) return <PoolsForm {...asked} targets={targets} now={data} />;
  return (
    <FormDialog
      title={titleOf(targets)}
      confirm="Add to the draft"
      ready={false}
      onClose={asked.onClose}
      send={async () => {}}
    >
      {error ? <LoadError error={error} retry={() => void refetch()} /> : <Waiting rows={3} height={36} />}
    </FormDialog>
  );
}

const titleOf = (targets: readonly string[]) => `Set pools of ${plural(targets.length, "device")}`;

function PoolsForm({ targets, now, onClose, onSet }: Asked & { now: PoolsNow }) {
  const [pools, setPools] = useState(() => startOf(now));
  const cursor = useRef<{ slot: number; field: HTMLInputElement } | null>(null);
  const action = actionOf(pools);
  const foretold = useForetold(action, targets);
  const set = (slot: number, patch: Partial<Pool>) =>
    setPools((all) => all.map((pool, index) => (index === slot ? { ...pool, ...patch } : pool)));
  const insert = (name: string) => {
    const { slot, field } = cursor.current ?? { slot: 0, field: null };
    const user = pools[slot]?.user ?? "";
    const [from, to] = [field?.selectionStart ?? user.length, field?.selectionEnd ?? user.length];
    const { text, at } = withName(user, from, to, name);
    set(slot, { user: text });
    requestAnimationFrame(() => {
      field?.focus();
      field?.setSelectionRange(at, at);
    });
  };
  return (
    <FormDialog
      title={titleOf(targets)}
      size="xl"
      confirm="Add to the draft"
      ready={action !== null && foretold.fits}
      onClose={onClose}
      send={async () => {
        onClose();
        if (action) onSet(action);
      }}
    >
      <p className="soft">
        Devices try these in order. Whoever approves sees every address and name, and of passwords that there
        are some. Where none is given, the one that devices have is written over: most pools ask for none.
      </p>
      {now.not_reported > 0 && (
        <Note>
          {now.not_reported === now.devices
            ? "What they have now is not reported."
            : `${count(now.not_reported)} of ${plural(now.devices, "device")} have not reported what they have now; this is what the others have.`}
        </Note>
      )}
      {SLOTS.map((word, slot) => (
        <fieldset key={word} className="bare">
          <legend className="small">{word}</legend>
          <div className={css.pool}>
            <TextInput
              aria-label={`${word}: address`}
              placeholder="stratum+tcp://pool:3333"
              value={pools[slot]?.url ?? ""}
              required={slot === 0}
              pattern="\S+"
              maxLength={255}
              onChange={(event) => set(slot, { url: event.currentTarget.value })}
            />
            <TextInput
              aria-label={`${word}: worker name`}
              placeholder="account.{name}"
              value={pools[slot]?.user ?? ""}
              required={(pools[slot]?.url ?? "") !== ""}
              maxLength={128}
              onFocus={(event) => {
                cursor.current = { slot, field: event.currentTarget };
              }}
              onChange={(event) => set(slot, { user: event.currentTarget.value })}
            />
            <PasswordInput
              aria-label={`${word}: password`}
              placeholder="Password"
              description="Optional. Never shown again."
              inputWrapperOrder={["label", "input", "description", "error"]}
              value={pools[slot]?.password ?? ""}
              maxLength={64}
              autoComplete="off"
              onChange={(event) => set(slot, { password: event.currentTarget.value })}
            />
          </div>
          {saidOf(now, slot).map((said) => (
            <p key={said} className="small dim">
              {said}
            </p>
          ))}
        </fieldset>
      ))}
      <fieldset className="bare">
        <legend className="small">Names that stand for something of each device</legend>
        <div className="row wrap">
          {NAMES.map(([name, means]) => (
            <button key={name} type="button" className="link num" title={means} onClick={() => insert(name)}>
              {name}
            </button>
          ))}
        </div>
      </fieldset>
      {foretold.refusal ? <ProblemNote error={foretold.refusal} /> : null}
      {action && !foretold.refusal && foretold.preview && <Foreseen preview={foretold.preview} />}
    </FormDialog>
  );
}

/** What the first devices would get, and what to know before asking. */
function Foreseen({ preview }: { preview: Preview }) {
  const { names, more } = namesOf(preview.changes ?? [], MOST_NAMES);
  return (
    <section className="col" aria-label="What they would get">
      {names.length > 0 && (
        <table className="data stack">
          <thead>
            <tr>
              <th scope="col">Device</th>
              <th scope="col">Worker name</th>
            </tr>
          </thead>
          <tbody>
            {names.map(({ pool, device, old, next }) => (
              <tr key={`${pool} ${device}`}>
                <td data-label="Device">
                  {device} <span className="dim small">{pool}</span>
                </td>
                <td data-label="Worker name" className="num">
                  {old !== null && old !== next && <span className="dim">{old} → </span>}
                  {next ?? "none"}
                  {old === next && <span className="dim">, as before</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {more > 0 && <p className="small dim">and {plural(more, "more name")}</p>}
      {preview.warnings.map((warning) => (
        <Note key={`${warning.code} ${warning.detail}`} tone="warn">
          {warning.detail}
        </Note>
      ))}
    </section>
  );
}
