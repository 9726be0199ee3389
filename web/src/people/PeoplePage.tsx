import { Select, TextInput } from "@mantine/core";
import { IconMailPlus, IconSearch, IconUserPlus, IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { peopleQuery, rolesQuery } from "../api/people";
import { same } from "../roles/outcome";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { plural } from "../ui/format";
import { GatedPage } from "../ui/gate";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { GrantDialog, type GrantTask } from "./GrantDialog";
import { Invitations } from "./Invitations";
import { InviteDialog } from "./InviteDialog";
import { PeopleTable } from "./PeopleTable";
import { PersonAsk } from "./PersonAsk";
import type { PersonTask } from "./PersonMenu";
import { found } from "./terms";

const route = getRouteApi("/s/$site/people");

type Task = PersonTask | Exclude<GrantTask, { kind: "amend" }> | { kind: "invite"; email: string };

export function PeoplePage() {
  return (
    <GatedPage needs="user.view" name="People">
      <People />
    </GatedPage>
  );
}

function People() {
  const search = route.useSearch();
  const { site } = route.useParams();
  const navigate = route.useNavigate();
  const can = useCan();
  const { data, error, refetch } = useQuery(peopleQuery);
  const { data: catalogue } = useQuery(rolesQuery);
  const [text, setText] = useState(search.q ?? "");
  const [task, setTask] = useState<Task | null>(null);
  const close = () => setTask(null);
  const shown = data ? found(data.items, text, search.role) : [];
  const set = (patch: { q?: string; role?: string }) =>
    void navigate({ search: (before) => ({ ...before, ...patch }), replace: true });
  return (
    <div className="page">
      <header className="row between wrap">
        <div>
          <h1>People</h1>
          <p className="dim">
            {data && `${plural(data.items.length, "person", "people")} with a role here. `}
            What a role holds stands on{" "}
            <Link to="/s/$site/roles" params={{ site }} search={{}}>
              Roles
            </Link>
            .
          </p>
        </div>
        <div className="row wrap">
          <GatedButton
            why={can("user.manage")}
            variant="default"
            leftSection={<IconMailPlus size={14} aria-hidden="true" />}
            onClick={() => setTask({ kind: "invite", email: "" })}
          >
            Invite…
          </GatedButton>
          <GatedButton
            why={can("user.manage")}
            leftSection={<IconUserPlus size={14} aria-hidden="true" />}
            onClick={() => setTask({ kind: "new" })}
          >
            Add a person…
          </GatedButton>
        </div>
      </header>
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={6} height={44} />
      ) : (
        <>
          <div className="row wrap">
            <TextInput
              className="grow"
              style={{ maxWidth: 340, minWidth: 200 }}
              aria-label="Search people"
              placeholder="Name, e-mail, remark"
              leftSection={<IconSearch size={15} aria-hidden="true" />}
              value={text}
              onChange={(event) => {
                setText(event.currentTarget.value);
                set({ q: event.currentTarget.value.trim() || undefined });
              }}
            />
            <Select
              aria-label="Role"
              placeholder="Every role"
              data={catalogue?.roles.map((role) => role.name) ?? []}
              value={
                catalogue?.roles.find((role) => search.role && same(role.name, search.role))?.name ?? null
              }
              onChange={(role) => set({ role: role ?? undefined })}
              clearable
              searchable
            />
          </div>
          {shown.length === 0 ? (
            <Empty title="Nobody matches" icon={<IconUsers size={28} aria-hidden="true" className="dim" />}>
              <button
                type="button"
                className="link"
                onClick={() => {
                  setText("");
                  set({ q: undefined, role: undefined });
                }}
              >
                Show everybody
              </button>
            </Empty>
          ) : (
            <PeopleTable people={shown} onTask={setTask} />
          )}
        </>
      )}
      {can("user.manage").allowed && <Invitations />}
      {task?.kind === "invite" ? (
        <InviteDialog email={task.email} onClose={close} onAdd={() => setTask({ kind: "new" })} />
      ) : task?.kind === "new" || task?.kind === "more" || task?.kind === "change" ? (
        <GrantDialog task={task} onClose={close} onInvite={(email) => setTask({ kind: "invite", email })} />
      ) : (
        task && <PersonAsk task={task} onClose={close} />
      )}
    </div>
  );
}
