import { Checkbox, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { rolesQuery } from "../api/people";
import { useSession } from "../api/session";
import { Note } from "../ui/feedback";
import { Places } from "./Places";
import { cautionsOf, type Terms, ungivable } from "./terms";

const API_WORDS = [
  { value: "none", label: "None" },
  { value: "read_only", label: "Read only" },
  { value: "read_write", label: "Read and write" },
];

/** Role, reach, remark, end and keys of a grant. */
export function GrantFields({
  terms,
  onChange,
  short = false,
}: {
  terms: Terms;
  onChange: (terms: Terms) => void;
  /** Without end and keys, as invitations are. */
  short?: boolean;
}) {
  const session = useSession();
  const { data } = useQuery(rolesQuery);
  const set = (patch: Partial<Terms>) => onChange({ ...terms, ...patch });
  const roles = (data?.roles ?? []).map((role) => {
    const why = ungivable(role, session.permissions);
    return { value: role.code, label: why ? `${role.name} (${why})` : role.name, disabled: why !== "" };
  });
  const withKey = terms.api !== "none";
  return (
    <>
      <Select
        label="Role"
        placeholder={data ? "Choose" : "Loading…"}
        data={roles}
        value={data?.roles.some((role) => role.code === terms.role) ? terms.role : null}
        onChange={(role) => set({ role: role ?? "" })}
        allowDeselect={false}
        comboboxProps={{ withinPortal: true }}
        required
        withAsterisk={false}
      />
      {withKey ? (
        <Note title="Reaches everything">A grant with API access cannot be kept to some places.</Note>
      ) : (
        <fieldset className="bare">
          <legend>Where</legend>
          <div className="col">
            <Checkbox
              label="Everything in the account, now and in future"
              checked={terms.everywhere}
              onChange={(event) => set({ everywhere: event.currentTarget.checked })}
            />
            {!terms.everywhere && <Places nodes={terms.nodes} onChange={(nodes) => set({ nodes })} />}
          </div>
        </fieldset>
      )}
      <TextInput
        label="Remark (optional)"
        description="What for: as lists and the audit log show it."
        value={terms.remark}
        onChange={(event) => set({ remark: event.currentTarget.value })}
        maxLength={200}
      />
      {!short && (
        <div className="row top wrap">
          <TextInput
            className="grow"
            type="date"
            label="Ends after (optional)"
            value={terms.until}
            onChange={(event) => set({ until: event.currentTarget.value })}
          />
          <Select
            className="grow"
            label="API access"
            data={API_WORDS}
            value={terms.api}
            onChange={(api) => set({ api: (api ?? "none") as Terms["api"] })}
            allowDeselect={false}
          />
        </div>
      )}
      {cautionsOf(terms).map((text) => (
        <Note key={text} tone="warn" title={text} />
      ))}
    </>
  );
}
