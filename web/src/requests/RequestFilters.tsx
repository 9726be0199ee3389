import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { peopleQuery } from "../api/people";
import { deviceQuery, devicesFoundQuery } from "../api/queries";
import { useSession } from "../api/session";
import { useSite } from "../shell/site";
import css from "../ui/filters.module.css";
import { count } from "../ui/format";
import { useCan } from "../ui/permissions";
import { STATES, stateWord } from "../ui/request-states";
import { SCENARIOS, scenarioTitle } from "../ui/scenario-words";
import { SearchBox } from "../ui/search-box";
import { type RequestsSearch, statesIn } from "./search";

interface Props {
  search: RequestsSearch;
  change: (patch: Partial<RequestsSearch>, replace?: boolean) => void;
}

export function RequestFilters({ search, change, total }: Props & { total: number | undefined }) {
  const chosen = statesIn(search.state);
  const toggle = (state: (typeof STATES)[number]) => {
    const next = chosen.includes(state) ? chosen.filter((other) => other !== state) : [...chosen, state];
    change({ state: next.join(",") || undefined });
  };
  return (
    <search className={css.filters}>
      <SearchBox
        label="Search number or title"
        placeholder="R-12, or words"
        value={search.q ?? ""}
        onChange={(q) => change({ q: q || undefined }, true)}
      />
      <Scenario search={search} change={change} />
      <Device search={search} change={change} />
      <Person search={search} change={change} />
      {STATES.map((state) => (
        <button
          key={state}
          type="button"
          className={css.chip}
          aria-pressed={chosen.includes(state)}
          onClick={() => toggle(state)}
        >
          {stateWord(state)}
        </button>
      ))}
      <span className="dim small nowrap" role="status">
        {total !== undefined && (
          <>
            <span className="num">{count(total)}</span> found
          </>
        )}
      </span>
    </search>
  );
}

function Scenario({ search, change }: Props) {
  const { scenario } = search;
  if (scenario !== undefined)
    return (
      <Token
        word="What it is for"
        value={scenarioTitle(scenario)}
        remove={() => change({ scenario: undefined })}
      />
    );
  return (
    <Select
      size="xs"
      className={css.field}
      aria-label="What it is for"
      placeholder="Anything"
      searchable
      comboboxProps={{ width: 280, position: "bottom-start" }}
      data={SCENARIOS.map((name) => ({ value: name, label: scenarioTitle(name) }))}
      value={null}
      onChange={(next) => change({ scenario: next ?? undefined })}
    />
  );
}

/** Typed as it stands on the device's label; the server looks it up. */
function Device({ search, change }: Props) {
  const site = useSite();
  const [text, setText] = useState("");
  const [sought] = useDebouncedValue(text.trim(), 200);
  const { data } = useQuery({ ...devicesFoundQuery(site, sought), enabled: sought !== "" });
  const one = useQuery({ ...deviceQuery(search.device ?? ""), enabled: search.device !== undefined });
  if (search.device !== undefined)
    return (
      <Token
        word="Device"
        value={one.data?.name ?? search.device}
        remove={() => change({ device: undefined })}
      />
    );
  return (
    <Select
      size="xs"
      className={css.field}
      aria-label="Device"
      placeholder="Any device"
      searchable
      searchValue={text}
      onSearchChange={setText}
      // The server has found them by more than what is shown.
      filter={({ options }) => options}
      nothingFoundMessage={sought === "" ? "Name, address, MAC or serial number" : "No such device"}
      comboboxProps={{ width: 260, position: "bottom-start" }}
      data={(sought === "" ? [] : (data?.items ?? [])).map(({ id, name, ip }) => ({
        value: id,
        label: `${name}, ${ip}`,
      }))}
      value={null}
      onChange={(device) => {
        setText("");
        change({ device: device ?? undefined });
      }}
    />
  );
}

function Person({ search, change }: Props) {
  const may = useCan()("user.view").allowed;
  const { user } = useSession();
  const { data } = useQuery({ ...peopleQuery, enabled: may });
  const { person } = search;
  if (person !== undefined) {
    const name = data?.items.find(({ id }) => id === person)?.name;
    return (
      <Token
        word="Asked for by"
        value={name ?? (person === user.id ? user.name : person)}
        remove={() => change({ person: undefined })}
      />
    );
  }
  if (!may) return null;
  return (
    <Select
      size="xs"
      className={css.field}
      aria-label="Asked for by"
      placeholder="Anybody"
      searchable
      comboboxProps={{ width: 260, position: "bottom-start" }}
      data={data?.items.map(({ id, name }) => ({ value: id, label: name })) ?? []}
      value={null}
      onChange={(next) => change({ person: next ?? undefined })}
    />
  );
}

function Token({ word, value, remove }: { word: string; value: string; remove: () => void }) {
  return (
    <span className={`${css.chip} ${css.token}`}>
      {word} {value}
      <button type="button" aria-label={`Remove the filter ${word}`} onClick={remove}>
        <IconX size={13} aria-hidden="true" />
      </button>
    </span>
  );
}
