import { ActionIcon, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { GatedItem } from "./gated-item";

export interface MenuTask {
  word: string;
  /** Why not; empty when it can be done. */
  why: string;
  run: () => void;
  danger?: boolean;
}

/** The dots behind a row: what can be done with it, and why not what cannot. */
export function TaskMenu({ of, tasks }: { of: string; tasks: MenuTask[] }) {
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" size={32} aria-label={`What to do with ${of}`}>
          <IconDots size={18} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {tasks.map(({ word, why, run, danger }) => (
          <GatedItem key={word} why={why} run={run} danger={danger}>
            {word}
          </GatedItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
