import { Checkbox, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { amend, changeRole, createRole, peopleQuery } from "../api/people";
import { useSession } from "../api/session";
import type { Action, PermissionInfo, Request, RoleCatalogue, RoleInfo } from "../api/types";
import { AMEND, Amends, amendTitle, NOTHING_NEW } from "../ui/amends";
import { Note } from "../ui/feedback";
import { FormDialog } from "../ui/form-dialog";
import { plural } from "../ui/format";
import { grouped, permissionTitle } from "../ui/permission-words";
import { useOutcome } from "../ui/use-outcome";
import { completed, difference, freeName, isAlways, neededBy } from "./edit";
import { Reserved } from "./Mark";
import css from "./Roles.module.css";

/** `amend`: the role as a request that waits asks for it. */
export type RoleTask =
  | { kind: "copy" | "edit"; role: RoleInfo }
  | { kind: "amend"; role: Pick<RoleInfo, "code" | "name" | "permissions">; request: Request };

/** A role of the account's own: a copy of another one, or changed. What it comes to stands below before it is sent. */
export function RoleDialog({
  task,
  catalogue,
  onClose,
}: {
  task: RoleTask;
  catalogue: RoleCatalogue;
  onClose: () => void;
}) {
  const { role } = task;
  const copy = task.kind === "copy";
  const amends = task.kind === "amend" ? task.request : undefined;
  const { permissions: held } = useSession();
  const [name, setName] = useState(copy ? freeName(role.name, catalogue.roles) : role.name);
  // Nobody gives what they do not hold: a copy begins without it.
  const lacking = role.permissions.filter((permission) => !held.includes(permission));
  const [chosen, setChosen] = useState(
    copy ? role.permissions.filter((permission) => held.includes(permission)) : role.permissions,
  );
  const tell = useOutcome();
  const send = async () => {
    const request = amends
      ? await amend(amends, again(amends.action, name.trim(), chosen))
      : copy
        ? await createRole(name.trim(), chosen)
        : await changeRole(role.code, name.trim(), chosen);
    onClose();
    await tell(request, copy ? `Role ${name.trim()} made` : `Role ${name.trim()} changed`);
  };
  const toggle = (permission: string, on: boolean) =>
    setChosen(completed(on ? [...chosen, permission] : chosen.filter((other) => other !== permission)));
  const changed = difference(role.permissions, chosen);
  const same = !copy && changed.added.length + changed.taken.length === 0 && name.trim() === role.name;
  return (
    <FormDialog
      title={amends ? amendTitle(amends) : copy ? `Duplicate ${role.name}` : `Edit ${role.name}`}
      size={640}
      confirm={amends ? AMEND : copy ? "Make the role" : "Change the role"}
      ready={!same && name.trim() !== "" && chosen.length > 0}
      hint={amends && same ? NOTHING_NEW : undefined}
      onClose={onClose}
      send={send}
    >
      {amends && <Amends request={amends} />}
      <TextInput
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={60}
        required
        withAsterisk={false}
        data-autofocus
      />
      {copy && lacking.length > 0 && (
        <Note title={`${plural(lacking.length, "permission")} left out`}>
          Nobody makes a role with more than they hold themselves.
        </Note>
      )}
      <div className={css.choices}>
        {grouped(catalogue.permissions).map((group) => (
          <fieldset key={group.name} className="bare">
            <legend>{group.name}</legend>
            {group.items.map((permission) => (
              <Choice
                key={permission.name}
                permission={permission}
                on={chosen.includes(permission.name)}
                why={lock(permission.name, chosen, held)}
                toggle={toggle}
              />
            ))}
          </fieldset>
        ))}
      </div>
      <Changes task={task} added={changed.added} taken={changed.taken} />
    </FormDialog>
  );
}

/** The same kind of request with other values. */
function again(action: Action, name: string, permissions: string[]): Action {
  return action.action === "change_role"
    ? { ...action, params: { ...action.params, name, permissions } }
    : { action: "create_role", params: { name, permissions } };
}

/** Why a permission cannot be ticked or unticked, or an empty text. */
function lock(permission: string, chosen: readonly string[], held: readonly string[]): string {
  if (!held.includes(permission)) return "You do not hold it yourself.";
  if (chosen.includes(permission) && isAlways(permission)) return "Every role has it.";
  const other = chosen.includes(permission) ? neededBy(permission, chosen) : null;
  return other ? `“${permissionTitle(other)}” needs it.` : "";
}

function Choice({
  permission: { name, reserved },
  on,
  why,
  toggle,
}: {
  permission: PermissionInfo;
  on: boolean;
  why: string;
  toggle: (name: string, on: boolean) => void;
}) {
  return (
    <Checkbox
      label={
        <>
          {permissionTitle(name)} {reserved && <Reserved />}
        </>
      }
      description={why || undefined}
      checked={on}
      // Stays reachable by key, so that its reason is.
      aria-disabled={why !== "" || undefined}
      className={why ? css.locked : undefined}
      onChange={(event) => {
        if (why === "") toggle(name, event.currentTarget.checked);
      }}
    />
  );
}

function heading(task: RoleTask): string {
  if (task.kind === "amend") return `Against R-${task.request.number}`;
  return task.kind === "copy" ? `Against ${task.role.name}` : "What changes";
}

/** What saving does, and to how many people. */
function Changes({ task, added, taken }: { task: RoleTask; added: string[]; taken: string[] }) {
  const { permissions } = useSession();
  const may = permissions.includes("user.view");
  const { data: people } = useQuery({ ...peopleQuery, enabled: may && task.kind !== "copy" });
  const holders = people?.items.filter((person) =>
    person.grants.some((grant) => grant.role === task.role.code),
  );
  const names = (list: string[]) => list.map(permissionTitle).join(", ");
  return (
    <section className="card col" aria-label="What changes" aria-live="polite">
      <h3>{heading(task)}</h3>
      {added.length + taken.length === 0 && <p className="dim">The same permissions.</p>}
      {added.length > 0 && (
        <p>
          <b className={css.plus}>+ {added.length}</b> {names(added)}
        </p>
      )}
      {taken.length > 0 && (
        <p>
          <b className={css.minus}>− {taken.length}</b> {names(taken)}
        </p>
      )}
      {holders && holders.length > 0 && (
        <p className="dim small">
          Holds for {holders.map((person) => person.name).join(", ")} as soon as it is carried out.
        </p>
      )}
    </section>
  );
}
