import { NumberInput, Select } from "@mantine/core";
import { useState } from "react";
import { duration } from "../ui/format";

const UNITS = [
  { value: "60", label: "minutes" },
  { value: "3600", label: "hours" },
  { value: "86400", label: "days" },
];

/** The largest unit that the time is whole in. */
export function unitOf(seconds: number): number {
  return seconds > 0 && seconds % 86_400 === 0 ? 86_400 : seconds > 0 && seconds % 3600 === 0 ? 3600 : 60;
}

/** A length of time, in seconds for the server and in a unit of their choice for people. */
export function DurationField({
  label,
  now,
  value,
  least,
  most,
  onChange,
}: {
  label: string;
  /** What it is today, s. */
  now: number;
  value: number;
  least: number;
  most: number;
  onChange: (seconds: number) => void;
}) {
  const [unit, setUnit] = useState(unitOf(value));
  return (
    <div className="row bottom">
      <NumberInput
        className="grow"
        label={label}
        description={`now ${now > 0 ? duration(now) : "none"}; at most ${duration(most)}`}
        min={Math.ceil(least / unit)}
        max={Math.floor(most / unit)}
        value={value / unit}
        onChange={(amount) => onChange(Math.round(Number(amount) * unit))}
        clampBehavior="strict"
        allowDecimal={false}
      />
      <Select
        aria-label={`${label}: unit`}
        w={110}
        data={UNITS}
        value={String(unit)}
        allowDeselect={false}
        onChange={(chosen) => {
          const next = Number(chosen);
          setUnit(next);
          onChange(Math.min(Math.max(least, Math.round(value / unit) * next), most));
        }}
      />
    </div>
  );
}
