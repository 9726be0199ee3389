import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Fragment, type KeyboardEvent, useId, useState } from "react";
import { peopleQuery } from "../api/people";
import { devicesFoundQuery, requestsQuery, scoped } from "../api/queries";
import { useCan } from "../ui/permissions";
import { stateWord } from "../ui/request-states";
import { STATUS_WORD } from "../ui/status";
import { usePages } from "./Nav";
import css from "./Palette.module.css";
import { fits, type Hit, moved } from "./palette";
import { useSite } from "./site";

/** Between the last key and the question. */
const CALM_MS = 150;
const FEW = 5;

/** Goes to a device, a request, a page or a person by what is typed. */
export function Palette({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const list = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const typed = text.trim();
  const { hits, busy } = useHits(typed);
  const current = hits[Math.min(at, hits.length - 1)];
  const go = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    void navigate({ to: hit.to as "/", search: hit.search });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      const next = moved(hits.indexOf(current as Hit), step, hits.length);
      setAt(next);
      document.getElementById(`${list}-${hits[next]?.key}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") go(current);
    else return;
    event.preventDefault();
  };
  return (
    <div className="col">
      <TextInput
        size="md"
        role="combobox"
        aria-label="Find"
        aria-expanded={hits.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={current ? `${list}-${current.key}` : undefined}
        placeholder="Device name, address, MAC, serial; R-12; page; person"
        leftSection={<IconSearch size={16} aria-hidden="true" />}
        autoComplete="off"
        maxLength={100}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
        data-autofocus
      />
      <div className="sr" role="status">
        {busy ? "Looking…" : hits.length === 0 ? "Nothing found" : `${hits.length} found`}
      </div>
      {hits.length > 0 ? (
        <div className={css.hits} role="listbox" id={list} aria-label="Found">
          {hits.map((hit, place) => (
            <Fragment key={hit.key}>
              {hit.kind !== hits[place - 1]?.kind && (
                <div className={css.kind} role="presentation">
                  {hit.kind}
                </div>
              )}
              {/* The keys are the field's, which keeps the focus. */}
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: see above */}
              <div
                id={`${list}-${hit.key}`}
                className={css.hit}
                role="option"
                tabIndex={-1}
                aria-selected={hit === current}
                onClick={() => go(hit)}
              >
                <span className="ellipsis">{hit.title}</span>
                <span className="dim small ellipsis">{hit.note}</span>
              </div>
            </Fragment>
          ))}
        </div>
      ) : (
        <p className={`dim ${css.none}`}>{busy ? "Looking…" : `Nothing that you see fits “${typed}”.`}</p>
      )}
    </div>
  );
}

function useHits(typed: string): { hits: Hit[]; busy: boolean } {
  const site = useSite();
  const pages = usePages().flatMap(({ items }) => items);
  const [sought] = useDebouncedValue(typed, CALM_MS);
  const asks = sought !== "";
  const may = useCan();
  const list = may("device.list").allowed;
  const devices = useQuery({ ...devicesFoundQuery(site, sought), enabled: asks && list });
  const requests = useInfiniteQuery({
    ...requestsQuery({ box: "all", q: sought, site: scoped(site) }, FEW),
    enabled: asks && list,
  });
  const people = useQuery({ ...peopleQuery, enabled: may("user.view").allowed });
  const base = `/s/${site}`;
  const hits: Hit[] = pages
    .filter(({ word }) => fits(typed, word))
    .map(({ to, word }) => ({
      key: to.slice("/s/$site/".length),
      kind: "Pages",
      title: word,
      note: "",
      to: to.replace("/s/$site", base),
      search: {},
    }));
  if (typed !== "") {
    for (const row of (asks && devices.data?.items) || [])
      hits.push({
        key: row.id,
        kind: "Devices",
        title: row.name,
        note: [row.ip, row.mac, row.model, STATUS_WORD[row.status]].filter(Boolean).join(" · "),
        to: `${base}/devices`,
        search: { device: row.id },
      });
    for (const item of (asks && requests.data?.pages[0]?.items) || [])
      hits.push({
        key: item.id,
        kind: "Requests",
        title: `R-${item.number} ${item.title}`,
        note: `${stateWord(item.state)} · ${item.initiator.name}`,
        to: `${base}/requests/${item.id}`,
        search: {},
      });
    for (const person of people.data?.items
      .filter(({ name, email }) => fits(typed, name, email ?? null))
      .slice(0, FEW) ?? [])
      hits.push({
        key: person.id,
        kind: "People",
        title: person.name,
        note: [...new Set(person.grants.map((grant) => grant.role_title))].join(", "),
        to: `${base}/people`,
        search: { q: person.name },
      });
  }
  const busy = typed !== sought || (asks && (devices.isFetching || requests.isFetching));
  return { hits, busy };
}
