import { CloseButton, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type RefObject, useEffect, useState } from "react";
import css from "./filters.module.css";

const TYPING_MS = 200;

/** Where to type what a list is searched for; it is searched once the typing rests. */
export function SearchBox({
  label,
  placeholder,
  value,
  onChange,
  box,
}: {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  box?: RefObject<HTMLInputElement | null>;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const later = useDebouncedCallback(onChange, TYPING_MS);
  return (
    <TextInput
      ref={box}
      className={css.search}
      size="xs"
      type="search"
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={14} aria-hidden="true" />}
      rightSection={
        text !== "" && (
          <CloseButton
            size="xs"
            aria-label="Clear the search"
            onClick={() => {
              setText("");
              onChange("");
            }}
          />
        )
      }
      value={text}
      maxLength={200}
      onChange={(event) => {
        setText(event.currentTarget.value);
        later(event.currentTarget.value.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
