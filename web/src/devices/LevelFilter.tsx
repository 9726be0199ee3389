import { Checkbox, Popover } from "@mantine/core";
import type { DevicePage } from "../api/types";
import css from "../ui/filters.module.css";
import { count } from "../ui/format";
import { ACTIVITIES, CONNECTIVITIES } from "./levels";
import { type DeviceSearch, listOf, toggled } from "./search";

interface Props {
  search: DeviceSearch;
  change: (patch: Partial<DeviceSearch>) => void;
  facets: DevicePage["facets"] | undefined;
}

const LEVELS = [
  { key: "connectivity", word: "Connection", values: CONNECTIVITIES },
  { key: "activity", word: "Activity", values: ACTIVITIES },
] as const;

/** Chooses devices by either level of their status. */
export function LevelFilter({ search, change, facets }: Props) {
  const chosen = LEVELS.flatMap(({ key }) => listOf(search[key]));
  return (
    <Popover position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className={css.chip} aria-haspopup="dialog">
          State
          {chosen.length > 0 && <span className="num">{chosen.length}</span>}
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Connection and activity">
        <div className="row top gap4">
          {LEVELS.map(({ key, word, values }) => (
            <fieldset key={key} className="bare col">
              <legend className="small">{word}</legend>
              {Object.entries(values).map(([value, label]) => (
                <Checkbox
                  key={value}
                  size="xs"
                  checked={listOf(search[key]).includes(value)}
                  onChange={() => change({ [key]: toggled(search[key], value) })}
                  label={
                    <>
                      {label} <span className="num dim">{count(facets?.[key][value] ?? 0)}</span>
                    </>
                  }
                />
              ))}
            </fieldset>
          ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
