import { Button, type ButtonProps, Tooltip } from "@mantine/core";
import type { ComponentPropsWithoutRef } from "react";

type Props = ButtonProps & Omit<ComponentPropsWithoutRef<"button">, keyof ButtonProps> & { why: string };

/** A button that stays visible, and focusable, when it cannot be used, and then says why. */
export function GatedButton({ why, onClick, children, ...rest }: Props) {
  const off = why !== "";
  return (
    <Tooltip label={why} disabled={!off}>
      <Button
        {...rest}
        aria-disabled={off || undefined}
        data-disabled={off || undefined}
        onClick={off ? (event) => event.preventDefault() : onClick}
      >
        {children}
        {off && <span className="sr">. {why}</span>}
      </Button>
    </Tooltip>
  );
}
