import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";

type Pool = { url: string; user: string };
const SLOTS = ["Pool", "First reserve", "Second reserve"];
const BLANK: Pool[] = SLOTS.map(() => ({ url: "", user: "" }));

/** Asks for up to three pools, in the order devices try them. */
export function PoolsDialog({
  opened,
  onClose,
  start,
  onSet,
}: {
  opened: boolean;
  onClose: () => void;
  start?: Pool[] | null;
  onSet: (pools: Pool[]) => void;
}) {
  const [pools, setPools] = useState(BLANK);
  useEffect(() => {
    if (opened) setPools(BLANK.map((blank, slot) => start?.[slot] ?? blank));
  }, [opened, start]);
  const set = (slot: number, patch: Partial<Pool>) =>
    setPools(pools.map((pool, index) => (index === slot ? { ...pool, ...patch } : pool)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onClose();
    onSet(
      pools
        .map((pool) => ({ url: pool.url.trim(), user: pool.user.trim() }))
        .filter((pool) => pool.url !== ""),
    );
  };
  return (
    <Modal opened={opened} onClose={onClose} title="Set pools" closeButtonProps={{ "aria-label": "Close" }}>
      <form className="col gap3" onSubmit={submit}>
        <p className="soft">Devices try these in order. Whoever approves sees every address.</p>
        {SLOTS.map((word, slot) => (
          <fieldset key={word} className="bare">
            <legend className="small">{word}</legend>
            <div className="row top">
              <TextInput
                className="grow"
                aria-label={`${word}: address`}
                placeholder="stratum+tcp://pool:3333"
                value={pools[slot]?.url ?? ""}
                required={slot === 0}
                pattern="\S+"
                maxLength={255}
                onChange={(event) => set(slot, { url: event.currentTarget.value })}
              />
              <TextInput
                className="grow"
                aria-label={`${word}: worker name`}
                placeholder="account.worker"
                value={pools[slot]?.user ?? ""}
                required={(pools[slot]?.url ?? "") !== ""}
                maxLength={255}
                onChange={(event) => set(slot, { user: event.currentTarget.value })}
              />
            </div>
          </fieldset>
        ))}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit">Add to the draft</Button>
        </div>
      </form>
    </Modal>
  );
}
