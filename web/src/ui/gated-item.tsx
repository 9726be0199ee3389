import { Menu } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";

/** An entry of a menu that stays reachable, and says why, when it cannot be used. */
export function GatedItem({
  why,
  icon: Shape,
  run,
  danger = false,
  children,
}: {
  why: string;
  icon?: Icon;
  run: () => void;
  danger?: boolean;
  children: ReactNode;
}) {
  const off = why !== "";
  return (
    <Menu.Item
      aria-disabled={off || undefined}
      data-disabled={off || undefined}
      closeMenuOnClick={!off}
      className={danger && !off ? "bad" : undefined}
      leftSection={Shape && <Shape size={15} aria-hidden="true" />}
      onClick={off ? undefined : run}
    >
      {children}
      {off && <div className="small">{why}</div>}
    </Menu.Item>
  );
}
