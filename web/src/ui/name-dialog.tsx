import { TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { FormDialog } from "./form-dialog";

/** A name, for something new or in another one's place. */
export function NameDialog({
  title,
  label = "Name",
  description,
  start = "",
  pattern,
  maxLength = 60,
  confirm,
  onClose,
  send,
  children,
}: {
  title: string;
  label?: string;
  description?: string;
  start?: string;
  pattern?: RegExp;
  maxLength?: number;
  confirm: string;
  onClose: () => void;
  send: (name: string) => Promise<unknown>;
  children?: ReactNode;
}) {
  const [text, setText] = useState(start);
  const name = text.trim();
  const fits = pattern?.test(name) ?? true;
  return (
    <FormDialog
      title={title}
      confirm={confirm}
      ready={name !== "" && name !== start && fits}
      onClose={onClose}
      send={() => send(name)}
    >
      <TextInput
        label={label}
        description={description}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        maxLength={maxLength}
        autoComplete="off"
        required
        withAsterisk={false}
        data-autofocus
      />
      {children}
    </FormDialog>
  );
}
