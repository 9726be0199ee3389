import { Menu, Select, TextInput } from "@mantine/core";
import {
  IconChevronDown,
  IconChevronRight,
  IconCopy,
  IconEye,
  IconLock,
  IconPencil,
  IconSearch,
  IconTrash,
  IconUsersGroup,
} from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { Fragment, useDeferredValue, useState } from "react";
import type { PermissionInfo, Policy, RoleCatalogue, RoleInfo } from "../api/types";
import { Empty } from "../ui/feedback";
import { plural } from "../ui/format";
import { GatedItem } from "../ui/gated-item";
import { grouped, permissionTitle } from "../ui/permission-words";
import { useCan } from "../ui/permissions";
import { seeAs } from "../ui/see-as";
import { DeleteRole } from "./DeleteRole";
import { Legend, Mark, Reserved } from "./Mark";
import { holders, matches, outcome, same } from "./outcome";
import { RoleDialog, type RoleTask } from "./RoleDialog";
import css from "./Roles.module.css";
import type { RolesSearch } from "./search";
import { WhoCan } from "./WhoCan";

const route = getRouteApi("/s/$site/roles");

export function Matrix({ catalogue, policies }: { catalogue: RoleCatalogue; policies: Policy[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (patch: Partial<RolesSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...patch }), replace: true });
  const [text, setText] = useState(search.q ?? "");
  const sought = useDeferredValue(text.trim());
  const chosen = catalogue.roles.find((role) => search.role && same(role.name, search.role));
  const found = catalogue.permissions.filter((permission) =>
    matches(permission, permissionTitle(permission.name), sought),
  );
  const groups = grouped(found);
  const open = search.permission;
  const toggle = (name: string) => set({ permission: open === name ? undefined : name });
  const [task, setTask] = useState<RoleTask | null>(null);
  const [leaving, setLeaving] = useState<RoleInfo | null>(null);
  const act: RoleAct = { change: setTask, remove: setLeaving };
  const rows: RowsProps = { catalogue, policies, groups, open, toggle, act };
  return (
    <div className="col gap3">
      <div className="row wrap">
        <TextInput
          className="grow"
          style={{ maxWidth: 340, minWidth: 200 }}
          aria-label="Search permissions"
          placeholder="Who can… reboot, payout, firmware"
          leftSection={<IconSearch size={15} aria-hidden="true" />}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            set({ q: event.currentTarget.value.trim() || undefined });
          }}
        />
        <Select
          className="phone-only"
          aria-label="Role"
          placeholder="Every role"
          data={catalogue.roles.map((role) => role.name)}
          value={chosen?.name ?? null}
          onChange={(role) => set({ role: role ?? undefined })}
          clearable
        />
        {chosen && (
          <>
            <button type="button" className="link phone-only" onClick={() => seeAs(chosen)}>
              See the console as {chosen.name}
            </button>
            <div className="phone-only">
              <RoleMenu role={chosen} act={act} />
            </div>
          </>
        )}
        <Legend />
      </div>
      <div className="sr" role="status">
        {sought && plural(found.length, "permission")}
      </div>
      {groups.length === 0 ? (
        <Empty title="No permission matches">
          <button
            type="button"
            className="link"
            onClick={() => {
              setText("");
              set({ q: undefined });
            }}
          >
            Show them all
          </button>
        </Empty>
      ) : (
        <>
          <Wide {...rows} />
          <Narrow {...rows} chosen={chosen} />
        </>
      )}
      {task && <RoleDialog task={task} catalogue={catalogue} onClose={() => setTask(null)} />}
      {leaving && <DeleteRole role={leaving} onClose={() => setLeaving(null)} />}
    </div>
  );
}

interface RoleAct {
  change: (task: RoleTask) => void;
  remove: (role: RoleInfo) => void;
}

interface RowsProps {
  act: RoleAct;
  catalogue: RoleCatalogue;
  policies: Policy[];
  groups: { name: string; items: PermissionInfo[] }[];
  open: string | undefined;
  toggle: (name: string) => void;
}

function Wide({ catalogue, policies, groups, open, toggle, act }: RowsProps) {
  const { roles } = catalogue;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by key
    <section className={`card wide-only ${css.scroll}`} aria-label="Roles and permissions" tabIndex={0}>
      <table className={css.matrix}>
        <thead>
          <tr>
            <th scope="col">Permission</th>
            {roles.map((role) => (
              <th key={role.name} scope="col">
                <RoleMenu role={role} act={act} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <Fragment key={group.name}>
              <tr className={css.group}>
                <th colSpan={roles.length + 1} scope="colgroup">
                  {group.name}
                </th>
              </tr>
              {group.items.map((permission) => (
                <Fragment key={permission.name}>
                  <tr className={css.line}>
                    <th scope="row">
                      <PermissionButton permission={permission} open={open} toggle={toggle} />
                    </th>
                    {roles.map((role) => (
                      <td key={role.name}>
                        <Mark what={outcome(role, permission, policies)} />
                      </td>
                    ))}
                  </tr>
                  {open === permission.name && (
                    <tr className={css.detail}>
                      <td colSpan={roles.length + 1}>
                        <WhoCan permission={permission} catalogue={catalogue} policies={policies} />
                      </td>
                    </tr>
                  )}
                </Fragment>
              ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The same on a phone: one line a permission; with a role chosen, that role's mark. */
function Narrow({
  catalogue,
  policies,
  groups,
  open,
  toggle,
  chosen,
}: RowsProps & { chosen: RoleInfo | undefined }) {
  return (
    <div className="col gap3 phone-only">
      {groups.map((group) => (
        <section key={group.name} aria-label={group.name}>
          <h2>{group.name}</h2>
          <ul className={`plain card ${css.list}`}>
            {group.items.map((permission) => {
              const held = holders(catalogue.roles, permission.name);
              return (
                <li key={permission.name}>
                  <div className="row between">
                    <PermissionButton permission={permission} open={open} toggle={toggle} />
                    {chosen ? (
                      <Mark what={outcome(chosen, permission, policies)} word />
                    ) : (
                      <span className="dim small num" style={{ whiteSpace: "nowrap" }}>
                        {held.length} of {catalogue.roles.length}
                      </span>
                    )}
                  </div>
                  {open === permission.name && (
                    <WhoCan permission={permission} catalogue={catalogue} policies={policies} />
                  )}
                </li>
              );
            })}
          </ul>
        </section>
      ))}
    </div>
  );
}

function PermissionButton({
  permission,
  open,
  toggle,
}: {
  permission: PermissionInfo;
  open: string | undefined;
  toggle: (name: string) => void;
}) {
  const isOpen = open === permission.name;
  const Icon = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <button
      type="button"
      className={css.permission}
      aria-expanded={isOpen}
      title={permission.name}
      onClick={() => toggle(permission.name)}
    >
      <Icon size={13} aria-hidden="true" className="dim" />
      <span>{permissionTitle(permission.name)}</span>
      {permission.reserved && <Reserved />}
      <span className="sr">: who can do this?</span>
    </button>
  );
}

function RoleMenu({ role, act }: { role: RoleInfo; act: RoleAct }) {
  const manage = useCan()("role.manage");
  const { site } = route.useParams();
  const navigate = route.useNavigate();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <button type="button" className={css.role} aria-label={`${role.name}: more`}>
          {role.name}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {role.name}: {plural(role.permissions.length, "permission")}
        </Menu.Label>
        <Menu.Item leftSection={<IconEye size={15} aria-hidden="true" />} onClick={() => seeAs(role)}>
          See the console as this role
        </Menu.Item>
        <Menu.Item
          leftSection={<IconUsersGroup size={15} aria-hidden="true" />}
          onClick={() =>
            void navigate({ to: "/s/$site/people", params: { site }, search: { role: role.name } })
          }
        >
          Who has this role
        </Menu.Item>
        <Menu.Divider />
        <GatedItem why={manage.why} icon={IconCopy} run={() => act.change({ kind: "copy", role })}>
          Duplicate…
        </GatedItem>
        {role.built_in ? (
          <Menu.Label>
            <IconLock size={13} aria-hidden="true" /> Built in: a copy can be changed.
          </Menu.Label>
        ) : (
          <>
            <GatedItem why={manage.why} icon={IconPencil} run={() => act.change({ kind: "edit", role })}>
              Edit…
            </GatedItem>
            <GatedItem why={manage.why} icon={IconTrash} run={() => act.remove(role)}>
              Delete…
            </GatedItem>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
