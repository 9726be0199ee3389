import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Person, PersonGrant } from "../api/account-types";
import { peopleQuery } from "../api/people";
import { useSession } from "../api/session";
import type { PermissionInfo, RoleCatalogue } from "../api/types";
import { useNodeName } from "../shell/site";
import { Explained } from "../ui/explained";
import { LoadError, Note, Waiting } from "../ui/feedback";
import { dateTime } from "../ui/format";
import { grouped, permissionTitle } from "../ui/permission-words";
import { same } from "./outcome";
import css from "./Roles.module.css";
import { reaches, scopeWords } from "./scope";
import type { RolesSearch } from "./search";

const route = getRouteApi("/s/$site/roles");

/** What all grants of a person come to, and by which of them. */
export function PersonRights({ catalogue }: { catalogue: RoleCatalogue }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const session = useSession();
  const nodeName = useNodeName();
  const may = session.permissions.includes("user.view");
  const { data, error, refetch } = useQuery({ ...peopleQuery, enabled: may });
  const set = (patch: Partial<RolesSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...patch }), replace: true });
  if (!may) return <Own catalogue={catalogue} />;
  if (error) return <LoadError error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={8} />;
  const person = data.items.find((each) => each.id === (search.person ?? session.user.id));
  return (
    <div className="col gap3">
      <div className="row wrap top">
        <Select
          label="Person"
          data={data.items.map((each) => ({ value: each.id, label: each.name }))}
          value={person?.id ?? null}
          onChange={(id) => set({ person: id ?? undefined, permission: undefined })}
          searchable
          allowDeselect={false}
          style={{ minWidth: 220 }}
        />
        <Select
          label="At"
          data={[
            { value: "", label: "The whole account" },
            ...session.sites.map((site) => ({ value: site.id, label: site.name })),
          ]}
          value={search.at ?? ""}
          onChange={(at) => set({ at: at || undefined })}
          allowDeselect={false}
          style={{ minWidth: 180 }}
        />
      </div>
      {!person ? (
        <Note title="Choose a person" />
      ) : (
        <>
          <GrantList person={person} name={nodeName} />
          <RightList
            catalogue={catalogue}
            subject={person.id}
            at={search.at}
            by={(permission) =>
              person.suspended ? [] : givingGrants(person.grants, catalogue, permission, search.at)
            }
            open={search.permission}
            toggle={(name) => set({ permission: search.permission === name ? undefined : name })}
            scope={(grant) => `${grant.role_title}, ${scopeWords(grant.scope, nodeName)}`}
          />
        </>
      )}
    </div>
  );
}

/** Grants that give a permission at a site, or on the whole account. */
export function givingGrants(
  grants: readonly PersonGrant[],
  catalogue: RoleCatalogue,
  permission: string,
  at: string | undefined,
): PersonGrant[] {
  return grants.filter(
    (grant) =>
      !grant.expired &&
      reaches(grant.scope, at) &&
      catalogue.roles.some(
        (role) => same(role.name, grant.role_title) && role.permissions.includes(permission),
      ),
  );
}

function GrantList({ person, name }: { person: Person; name: (id: string) => string }) {
  if (person.suspended)
    return (
      <Note tone="warn" title={`${person.name} is suspended: the roles give nothing until that ends.`} />
    );
  if (person.grants.length === 0) return <Note title={`${person.name} has no role here.`} />;
  return (
    <ul className="plain row wrap" aria-label="Roles given">
      {person.grants.map((grant) => (
        <li key={grant.id} className={css.chip}>
          <b>{grant.role_title}</b> {scopeWords(grant.scope, name)}
          {grant.expires_at && <span className="dim">until {dateTime(grant.expires_at)}</span>}
          {grant.api_access !== "none" && <span className="dim">with API access</span>}
        </li>
      ))}
    </ul>
  );
}

/** Without the right to see others: one's own rights, as the session has them. */
function Own({ catalogue }: { catalogue: RoleCatalogue }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const session = useSession();
  return (
    <div className="col gap3">
      <Note title="These are your own rights">
        Seeing those of others takes the permission “{permissionTitle("user.view")}”.
      </Note>
      <RightList
        catalogue={catalogue}
        subject={session.user.id}
        at={undefined}
        by={(permission) => (session.permissions.includes(permission) ? [OWN] : [])}
        open={search.permission}
        toggle={(name) =>
          void navigate({
            search: (before) => ({ ...before, permission: before.permission === name ? undefined : name }),
            replace: true,
          })
        }
        scope={() => session.roles.join(", ")}
      />
    </div>
  );
}
const OWN: PersonGrant = {
  id: "own",
  role: "",
  role_title: "",
  scope: "all",
  expired: false,
  remark: null,
  expires_at: null,
  api_access: "none",
};

function RightList({
  catalogue,
  subject,
  at,
  by,
  open,
  toggle,
  scope,
}: {
  catalogue: RoleCatalogue;
  subject: string;
  at: string | undefined;
  by: (permission: string) => PersonGrant[];
  open: string | undefined;
  toggle: (name: string) => void;
  scope: (grant: PersonGrant) => string;
}) {
  return (
    <div className={css.rights}>
      {grouped(catalogue.permissions).map((group) => (
        <section key={group.name} aria-label={group.name} className="card">
          <h2>{group.name}</h2>
          <ul className={`plain ${css.list}`}>
            {group.items.map((permission) => (
              <RightRow
                key={permission.name}
                permission={permission}
                grants={by(permission.name)}
                open={open === permission.name}
                toggle={() => toggle(permission.name)}
                scope={scope}
                subject={subject}
                at={at}
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function RightRow({
  permission,
  grants,
  open,
  toggle,
  scope,
  subject,
  at,
}: {
  permission: PermissionInfo;
  grants: PersonGrant[];
  open: boolean;
  toggle: () => void;
  scope: (grant: PersonGrant) => string;
  subject: string;
  at: string | undefined;
}) {
  const held = grants.length > 0;
  return (
    <li>
      <button type="button" className={css.permission} aria-expanded={open} onClick={toggle}>
        <span className={held ? css.has : css.lacks} aria-hidden="true">
          {held ? "✓" : "–"}
        </span>
        <span className={held ? undefined : "dim"}>{permissionTitle(permission.name)}</span>
        <span className="sr">{held ? ": yes" : ": no"}. Explain</span>
      </button>
      {open && (
        <div className={css.because}>
          {held && <div>By {grants.map(scope).join("; ")}.</div>}
          <Explained subject={subject} permission={permission.name} resource={at} />
        </div>
      )}
    </li>
  );
}
