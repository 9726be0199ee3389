import { Button, Checkbox, NumberInput, Popover } from "@mantine/core";
import { IconFilter, IconX } from "@tabler/icons-react";
import { type FormEvent, type RefObject, useState } from "react";
import type { DevicePage } from "../api/types";
import { useNodeName } from "../shell/site";
import css from "../ui/filters.module.css";
import { count, sig3 } from "../ui/format";
import { SearchBox } from "../ui/search-box";
import { STATUS_WORD, STATUSES, StatusGlyph } from "../ui/status";
import { LevelFilter } from "./LevelFilter";
import { type DeviceSearch, listOf, RANGES, type RangeKey, toggled } from "./search";

interface Props {
  search: DeviceSearch;
  change: (patch: Partial<DeviceSearch>, replace?: boolean) => void;
  facets: DevicePage["facets"] | undefined;
  searchBox: RefObject<HTMLInputElement | null>;
}

export function Filters({ search, change, facets, searchBox }: Props) {
  const chosen = listOf(search.status);
  const shown = STATUSES.filter((status) => (facets?.status[status] ?? 0) > 0 || chosen.includes(status));
  return (
    <search className={css.filters}>
      <SearchBox
        label="Search name, address, MAC, serial number, model"
        placeholder="Name, IP, MAC, model  ( / )"
        value={search.q ?? ""}
        onChange={(q) => change({ q: q || undefined }, true)}
        box={searchBox}
      />
      {shown.map((status) => (
        <button
          key={status}
          type="button"
          className={css.chip}
          aria-pressed={chosen.includes(status)}
          onClick={() => change({ status: toggled(search.status, status) })}
        >
          <StatusGlyph status={status} />
          {STATUS_WORD[status]}
          <span className="num">{count(facets?.status[status] ?? 0)}</span>
        </button>
      ))}
      <LevelFilter search={search} change={change} facets={facets} />
      <Models search={search} change={change} models={facets?.model ?? {}} />
      <Ranges search={search} change={change} />
      <PlaceTokens search={search} change={change} />
      <Tokens search={search} change={change} />
    </search>
  );
}

function Models({
  search,
  change,
  models,
}: Pick<Props, "search" | "change"> & { models: Record<string, number> }) {
  const chosen = listOf(search.model);
  const names = [...new Set([...Object.keys(models), ...chosen])].sort();
  return (
    <Popover position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className={css.chip} aria-haspopup="dialog">
          Model
          {chosen.length > 0 && <span className="num">{chosen.length}</span>}
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Models">
        <div className="col" style={{ maxHeight: 320, overflow: "auto", minWidth: 220 }}>
          {names.length === 0 && <span className="dim">No models yet</span>}
          {names.map((name) => (
            <Checkbox
              key={name}
              size="xs"
              checked={chosen.includes(name)}
              onChange={() => change({ model: toggled(search.model, name) })}
              label={
                <>
                  {name} <span className="num dim">{count(models[name] ?? 0)}</span>
                </>
              }
            />
          ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

function Ranges({ search, change }: Pick<Props, "search" | "change">) {
  const [open, setOpen] = useState(false);
  const [values, setValues] = useState<Partial<Record<RangeKey, number>>>({});
  const show = () => {
    setValues(Object.fromEntries(RANGES.flatMap(bounds).map((key) => [key, search[key]])));
    setOpen(!open);
  };
  const apply = (event: FormEvent) => {
    event.preventDefault();
    change(Object.fromEntries(RANGES.flatMap(bounds).map((key) => [key, values[key]])));
    setOpen(false);
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className={css.chip} aria-haspopup="dialog" aria-expanded={open} onClick={show}>
          <IconFilter size={13} aria-hidden="true" />
          Range
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Numeric ranges">
        <form className="col gap3" onSubmit={apply}>
          {RANGES.map((range) => (
            <fieldset key={range.name} className="bare">
              <legend className="small">
                {range.word}, {range.unit}
              </legend>
              <div className="row">
                {bounds(range).map((key) => (
                  <NumberInput
                    key={key}
                    size="xs"
                    w={110}
                    hideControls
                    aria-label={`${range.word} ${key.endsWith("min") ? "from" : "to"}`}
                    placeholder={key.endsWith("min") ? "from" : "to"}
                    value={values[key] ?? ""}
                    onChange={(value) =>
                      setValues({ ...values, [key]: typeof value === "number" ? value : undefined })
                    }
                  />
                ))}
              </div>
            </fieldset>
          ))}
          <Button type="submit">Apply</Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

const PLACES = [
  { key: "container", word: "Container" },
  { key: "sub_account", word: "Sub-account" },
] as const;

/** Where they stand and whose they are, chosen on the pages of sites and sub-accounts. */
function PlaceTokens({ search, change }: Pick<Props, "search" | "change">) {
  const name = useNodeName();
  return PLACES.map(({ key, word }) => {
    const id = search[key];
    return (
      id && (
        <span key={key} className={`${css.chip} ${css.token}`}>
          {word} {name(id)}
          <button
            type="button"
            aria-label={`Remove the filter ${word}`}
            onClick={() => change({ [key]: undefined })}
          >
            <IconX size={13} aria-hidden="true" />
          </button>
        </span>
      )
    );
  });
}

function Tokens({ search, change }: Pick<Props, "search" | "change">) {
  const set = RANGES.filter((range) => bounds(range).some((key) => search[key] !== undefined));
  return (
    <>
      {set.map((range) => {
        const [min, max] = bounds(range);
        const from = search[min];
        const to = search[max];
        const text =
          from !== undefined && to !== undefined
            ? `${sig3(from)}–${sig3(to)}`
            : from !== undefined
              ? `≥ ${sig3(from)}`
              : `≤ ${sig3(to ?? 0)}`;
        return (
          <span key={range.name} className={`${css.chip} ${css.token}`}>
            {range.word} {text} {range.unit}
            <button
              type="button"
              aria-label={`Remove the filter ${range.word}`}
              onClick={() => change({ [min]: undefined, [max]: undefined })}
            >
              <IconX size={13} aria-hidden="true" />
            </button>
          </span>
        );
      })}
    </>
  );
}

function bounds(range: (typeof RANGES)[number]): [RangeKey, RangeKey] {
  return [`${range.name}_min`, `${range.name}_max`];
}
