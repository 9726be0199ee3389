import { ActionIcon, Button, NumberInput, Select, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type AllocationOf, allocationChange } from "../api/money";
import { placesQuery } from "../api/people";
import { problemOf } from "../api/problem";
import type { Action } from "../api/types";
import { Note } from "../ui/feedback";
import { useForetold } from "../ui/use-foretold";
import css from "./Money.module.css";
import { type MoneyChange, MoneyDialog, sentence } from "./MoneyDialog";
import { ShareChanges } from "./Shares";
import {
  blankRow,
  incomplete,
  lacking,
  MOST_RECIPIENTS,
  percent,
  type Row,
  rowsOf,
  sharesOf,
  total,
  WHOLE,
} from "./shares";

const KINDS = [
  { value: "wallet", label: "Its own wallet" },
  { value: "address", label: "An address" },
  { value: "sub_account", label: "A sub-account" },
];

/** Who gets which part: lines that must add up to the whole before they can be sent. */
export function AllocationDialog({ of, name, ...rest }: MoneyChange & { of: AllocationOf }) {
  const before = (of.coming ?? of.current).shares;
  const [rows, setRows] = useState(rowsOf(asked(rest.amends?.action) ?? before));
  const missing = incomplete(rows, before);
  const action = missing === "" ? allocationChange(of.sub_account, sharesOf(rows)) : null;
  const said = useForetold(action);
  const wrong = said.refusal ? refused(said.refusal) : null;
  const sum = total(rows);
  const set = (key: number, patch: Partial<Row>) =>
    setRows(rows.map((row) => (row.key === key ? { ...row, ...patch } : row)));
  return (
    <MoneyDialog
      {...rest}
      title={`Share out the revenue of ${name}`}
      size={720}
      action={action}
      said={said}
      missing={missing}
      then="It is in force from the next 00:00 UTC on."
    >
      {rows.map((row, index) => (
        <Line
          key={row.key}
          row={row}
          name={`Recipient ${index + 1}`}
          own={of.sub_account}
          error={wrong?.row === index ? wrong.text : undefined}
          onChange={(patch) => set(row.key, patch)}
          onRemove={rows.length > 1 ? () => setRows(rows.filter((each) => each !== row)) : undefined}
        />
      ))}
      <div className={css.total}>
        <Button
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          disabled={rows.length >= MOST_RECIPIENTS}
          onClick={() => setRows([...rows, blankRow(rows)])}
        >
          Add a recipient
        </Button>
        <span role="status" className={sum === WHOLE ? "good" : "warn"}>
          Total <b className="num">{percent(sum)}</b>
          {lacking(sum)}
        </span>
      </div>
      <p className="dim small">
        The first recipient also gets the satoshi that cannot be divided. A sub-account shares out in turn
        what it receives.
      </p>
      {said.fits && action?.action === "set_allocation" && (
        <ShareChanges before={before} after={action.params.shares} label="What changes" />
      )}
      {wrong && wrong.row === null && <Note tone="bad" title={wrong.text} alert />}
    </MoneyDialog>
  );
}

/** The shares that stand in a request. */
const asked = (action: Action | undefined) =>
  action?.action === "set_allocation" ? action.params.shares : undefined;

function Line({
  row,
  name,
  own,
  error,
  onChange,
  onRemove,
}: {
  row: Row;
  name: string;
  own: string;
  error: string | undefined;
  onChange: (patch: Partial<Row>) => void;
  onRemove: (() => void) | undefined;
}) {
  const { data } = useQuery(placesQuery);
  const others = (data?.subAccounts ?? []).filter((each) => each.id !== own);
  return (
    <fieldset className={`bare ${css.share}`} aria-label={name}>
      <Select
        aria-label={`${name}: kind`}
        data={KINDS}
        value={row.to}
        allowDeselect={false}
        onChange={(to) => to && onChange({ to: to as Row["to"] })}
      />
      <div className={css.to}>
        {row.to === "address" ? (
          <TextInput
            aria-label={`${name}: address`}
            placeholder="bc1…"
            value={row.address}
            onChange={(event) => onChange({ address: event.currentTarget.value })}
            error={error}
            classNames={{ input: "num" }}
            maxLength={100}
            autoComplete="off"
            spellCheck={false}
          />
        ) : row.to === "sub_account" ? (
          <Select
            aria-label={`${name}: sub-account`}
            placeholder={others.length > 0 ? "Choose" : "There is no other one"}
            data={others.map((each) => ({ value: each.id, label: each.name }))}
            value={row.subAccount}
            onChange={(subAccount) => onChange({ subAccount })}
            error={error}
            allowDeselect={false}
            searchable
          />
        ) : (
          <span className={`dim ${css.keeps}`}>What the sub-account keeps</span>
        )}
      </div>
      <NumberInput
        aria-label={`${name}: percent`}
        suffix=" %"
        classNames={{ input: `num ${css.percent}` }}
        value={row.percent}
        onChange={(value) => onChange({ percent: value })}
        decimalScale={2}
        min={0}
        max={100}
        clampBehavior="strict"
        allowNegative={false}
        hideControls
      />
      <ActionIcon
        variant="subtle"
        size={32}
        aria-label={`Remove ${name.toLowerCase()}`}
        disabled={!onRemove}
        onClick={onRemove}
      >
        <IconTrash size={16} aria-hidden="true" />
      </ActionIcon>
    </fieldset>
  );
}

/** The server's word on it: about one line, or about all of them. */
function refused(refusal: unknown): { row: number | null; text: string } {
  const { detail } = problemOf(refusal);
  const [, at] = detail.match(/^(?:shares: )?recipient (\d+): /i) ?? [];
  return { row: at ? Number(at) - 1 : null, text: sentence(detail, /^(shares: )?(recipient \d+: )?/i) };
}
