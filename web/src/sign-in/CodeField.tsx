import { TextInput } from "@mantine/core";

/** The six digits of an authenticator app. */
export function CodeField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      label="Code"
      description="The six digits your authenticator app shows now."
      value={value}
      onChange={(event) => onChange(event.currentTarget.value.replace(/\D/g, "").slice(0, 6))}
      inputMode="numeric"
      autoComplete="one-time-code"
      classNames={{ input: "num" }}
      required
      withAsterisk={false}
      autoFocus
      data-autofocus
    />
  );
}

/** One of the codes that were shown once when the second factor was switched on. */
export function RecoveryField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      label="Recovery code"
      description="One of the ten you kept, such as abcd-efgh-jkmn-pqrs. Each works once."
      value={value}
      onChange={(event) => onChange(event.currentTarget.value.trim().toLowerCase())}
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      classNames={{ input: "num" }}
      required
      withAsterisk={false}
      autoFocus
      data-autofocus
    />
  );
}
