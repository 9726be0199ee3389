import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Supposition } from "../api/governance";
import { peopleQuery, rolesQuery } from "../api/people";
import { Foretold } from "./Foretold";

const LEFT = "left";

/** What if somebody left, or had another role? Nothing is changed by asking. */
export function WhatIf() {
  const { data: people } = useQuery(peopleQuery);
  const { data: catalogue } = useQuery(rolesQuery);
  const [person, setPerson] = useState<string | null>(null);
  const [as, setAs] = useState<string>(LEFT);
  if (!people) return null;
  const choices = people.items
    .filter((entry) => entry.grants.every((grant) => grant.role !== "owner"))
    .map((entry) => ({ value: entry.id, label: entry.name }));
  const outcomes = [
    { value: LEFT, label: "had left" },
    ...(catalogue?.roles ?? [])
      .filter((role) => role.built_in && role.code !== "owner")
      .map((role) => ({ value: role.code, label: `were ${role.name} of everything, and nothing else` })),
  ];
  const supposed: Supposition | null =
    person === null ? null : as === LEFT ? { remove: [person] } : { roles: { [person]: as } };
  return (
    <section className="card col gap3" aria-label="What if?">
      <h2>What if?</h2>
      <p className="dim">What would become of the rules. Nothing is changed by asking.</p>
      <div className="row top wrap">
        <Select
          className="grow"
          label="If this person"
          placeholder="Choose somebody"
          data={choices}
          value={person}
          onChange={setPerson}
          clearable
        />
        <Select
          className="grow"
          label="then"
          data={outcomes}
          value={as}
          allowDeselect={false}
          onChange={(value) => value && setAs(value)}
        />
      </div>
      {supposed && <Foretold supposed={supposed} />}
    </section>
  );
}
