import { ActionIcon, Button, PasswordInput, Select, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { Credential } from "../api/estate";

const FAMILIES: { value: Credential["family"]; label: string }[] = [
  { value: "whatsminer", label: "Whatsminer" },
  { value: "avalon", label: "Avalon" },
  { value: "antminer", label: "Antminer" },
];
const MOST = 16;

/** Passwords of machines: they go in and are never given back. `null` leaves what is stored as it is. */
export function Credentials({
  stored,
  chosen,
  onChange,
}: {
  stored: boolean;
  chosen: Credential[] | null;
  onChange: (chosen: Credential[] | null) => void;
}) {
  const rows = chosen ?? [];
  const set = (at: number, patch: Partial<Credential>) =>
    onChange(rows.map((row, index) => (index === at ? { ...row, ...patch } : row)));
  return (
    <fieldset className="bare">
      <legend>Passwords of the machines</legend>
      <div className="col">
        {chosen === null ? (
          <p className="soft">
            {stored ? "Some are stored; they are not shown." : "None: the makers' own are tried."}{" "}
            <button type="button" className="link" onClick={() => onChange([])}>
              {stored ? "Replace or remove them" : "Add some"}
            </button>
          </p>
        ) : (
          <>
            {rows.length === 0 && (
              <p className="dim small">
                {stored
                  ? "The stored ones are removed; the makers' own are tried."
                  : "None: the makers' own are tried."}
              </p>
            )}
            {rows.map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place in the list
              <div className="row wrap" key={at}>
                <Select
                  aria-label={`Make, ${at + 1}`}
                  data={FAMILIES}
                  value={row.family}
                  onChange={(family) => set(at, { family: (family ?? "whatsminer") as Credential["family"] })}
                  allowDeselect={false}
                  style={{ width: 124 }}
                />
                <TextInput
                  aria-label={`User, ${at + 1}`}
                  placeholder="User (optional)"
                  className="grow"
                  style={{ minWidth: 110 }}
                  value={row.user ?? ""}
                  onChange={(event) => set(at, { user: event.currentTarget.value || undefined })}
                  maxLength={128}
                  autoComplete="off"
                />
                <PasswordInput
                  aria-label={`Password, ${at + 1}`}
                  placeholder="Password"
                  className="grow"
                  style={{ minWidth: 130 }}
                  value={row.password}
                  onChange={(event) => set(at, { password: event.currentTarget.value })}
                  maxLength={128}
                  autoComplete="new-password"
                />
                <ActionIcon
                  variant="subtle"
                  size={32}
                  aria-label={`Take out password ${at + 1}`}
                  onClick={() => onChange(rows.filter((_, index) => index !== at))}
                >
                  <IconTrash size={16} aria-hidden="true" />
                </ActionIcon>
              </div>
            ))}
            <div className="row">
              {rows.length < MOST && (
                <Button
                  variant="default"
                  leftSection={<IconPlus size={14} aria-hidden="true" />}
                  onClick={() => onChange([...rows, { family: "whatsminer", password: "" }])}
                >
                  Add a password
                </Button>
              )}
              {stored && (
                <button type="button" className="link" onClick={() => onChange(null)}>
                  Keep the stored ones
                </button>
              )}
            </div>
          </>
        )}
      </div>
    </fieldset>
  );
}
