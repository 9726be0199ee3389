import { TextInput } from "@mantine/core";

/** The name of what is to go, typed by whoever takes it away. */
export function TypedName({
  of,
  name,
  value,
  onChange,
}: {
  /** "the site's name" */
  of: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <TextInput
      label={`Type ${of}: ${name}`}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="off"
      error={value !== "" && !name.startsWith(value) ? "This is not its name." : undefined}
      required
      withAsterisk={false}
      data-autofocus
    />
  );
}
