import { PasswordInput } from "@mantine/core";
import { useState } from "react";
import { weakness } from "./new-password";

/** The field for a new password, which says at once what is missing. */
export function NewPassword({
  label = "Password",
  value,
  onChange,
  own,
  focus = false,
}: {
  label?: string;
  value: string;
  onChange: (value: string) => void;
  own?: readonly string[];
  focus?: boolean;
}) {
  const [left, setLeft] = useState(false);
  const weak = value === "" ? "" : weakness(value, own);
  return (
    <PasswordInput
      label={label}
      description="12 characters or more, of any kind. A few words in a row are easy to keep in mind."
      autoComplete="new-password"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      onBlur={() => setLeft(true)}
      error={left && weak !== "" ? weak : undefined}
      visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
      required
      withAsterisk={false}
      autoFocus={focus}
    />
  );
}
