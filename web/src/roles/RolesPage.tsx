import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { rolesQuery } from "../api/people";
import { policiesQuery } from "../api/queries";
import { LoadError, Waiting } from "../ui/feedback";
import { plural } from "../ui/format";
import { Matrix } from "./Matrix";
import { Origins } from "./Origins";
import { PersonRights } from "./PersonRights";
import type { RolesTab } from "./search";

const route = getRouteApi("/s/$site/roles");

export function RolesPage() {
  const { tab = "matrix" } = route.useSearch();
  const navigate = route.useNavigate();
  const roles = useQuery(rolesQuery);
  const policies = useQuery(policiesQuery);
  const error = roles.error ?? policies.error;
  return (
    <div className="page" style={{ maxWidth: 1400 }}>
      <header>
        <h1>Roles</h1>
        <p className="dim">
          {roles.data &&
            `${plural(roles.data.roles.length, "role")}, ${plural(roles.data.permissions.length, "permission")}. `}
          A role says what; where is said when it is given to a person.
        </p>
      </header>
      <Tabs
        value={tab}
        onChange={(next) =>
          void navigate({
            search: (before) => ({ ...before, tab: next === "matrix" ? undefined : (next as RolesTab) }),
          })
        }
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="matrix">Who may do what</Tabs.Tab>
          <Tabs.Tab value="person">A person’s rights</Tabs.Tab>
          <Tabs.Tab value="origins">Where the roles come from</Tabs.Tab>
        </Tabs.List>
        <div style={{ paddingTop: 16 }}>
          {tab === "origins" ? (
            <Origins />
          ) : error ? (
            <LoadError
              error={error}
              retry={() => {
                void roles.refetch();
                void policies.refetch();
              }}
            />
          ) : !roles.data || !policies.data ? (
            <Waiting rows={12} height={28} />
          ) : tab === "matrix" ? (
            <Matrix catalogue={roles.data} policies={policies.data.items} />
          ) : (
            <PersonRights catalogue={roles.data} />
          )}
        </div>
      </Tabs>
    </div>
  );
}
