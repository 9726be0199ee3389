import { Checkbox, MultiSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { placesQuery } from "../api/people";
import { useSession } from "../api/session";
import type { ScopeNode } from "../roles/scope";
import { LoadError } from "../ui/feedback";

/** Most options drawn at once; the search finds the others. */
const MAX_SHOWN = 100;

const keyOf = ({ node, id }: ScopeNode) => `${node}:${id}`;

/** What a grant reaches: sites to tick, and whatever is smaller or lies across them to search for. */
export function Places({ nodes, onChange }: { nodes: ScopeNode[]; onChange: (nodes: ScopeNode[]) => void }) {
  const { sites } = useSession();
  const { data, error, refetch } = useQuery(placesQuery);
  const options = (node: ScopeNode["node"], items: readonly { id: string; name: string }[] = []) =>
    items.map(({ id, name }) => ({ node, id, value: keyOf({ node, id }), label: name }));
  const known = [
    { group: "Sub-accounts", items: options("sub_account", data?.subAccounts) },
    { group: "Groups", items: options("group", data?.groups) },
    { group: "Containers", items: options("container", data?.containers) },
  ];
  const shown = new Set(known.flatMap(({ items }) => items.map(({ value }) => value)));
  const ticked = (id: string) => nodes.some((each) => each.node === "site" && each.id === id);
  // What this person does not see stays as it is until it is taken out.
  const unseen = nodes.filter((each) =>
    each.node === "site" ? !sites.some(({ id }) => id === each.id) : !shown.has(keyOf(each)),
  );
  const rest = [
    ...known,
    { group: "Others", items: unseen.map((each) => ({ ...each, value: keyOf(each), label: each.id })) },
  ];
  const filled = rest.filter(({ items }) => items.length > 0);
  const smaller = nodes.filter((each) => each.node !== "site" || unseen.includes(each));
  const choose = (values: string[]) => {
    const chosen = filled.flatMap(({ items }) => items).filter(({ value }) => values.includes(value));
    const kept = nodes.filter((each) => !smaller.includes(each));
    onChange([...kept, ...chosen.map(({ node, id }) => ({ node, id }))]);
  };
  return (
    <>
      {sites.map((site) => (
        <Checkbox
          key={site.id}
          label={site.name}
          checked={ticked(site.id)}
          onChange={(event) =>
            onChange(
              event.currentTarget.checked
                ? [...nodes, { node: "site", id: site.id }]
                : nodes.filter((each) => each.node !== "site" || each.id !== site.id),
            )
          }
        />
      ))}
      {error && <LoadError error={error} retry={() => void refetch()} />}
      {filled.length > 0 && (
        <MultiSelect
          label="Sub-accounts, groups and containers"
          placeholder="Search"
          data={filled}
          value={smaller.map(keyOf)}
          onChange={choose}
          limit={MAX_SHOWN}
          searchable
          clearable
        />
      )}
    </>
  );
}
