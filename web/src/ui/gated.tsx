import { Button, type ButtonProps, Popover, Tooltip } from "@mantine/core";
import { type ComponentPropsWithoutRef, lazy, Suspense, useState } from "react";
import type { Can } from "./permissions";

const WhyNot = lazy(() => import("./why-not").then((module) => ({ default: module.WhyNot })));

type Props = ButtonProps &
  Omit<ComponentPropsWithoutRef<"button">, keyof ButtonProps> & {
    /** Why it cannot be used, empty when it can; or the answer of `useCan`, which knows more. */
    why: string | Can;
  };

/** A button that stays visible, and focusable, when it cannot be used, and then says why: hovered, pressed or touched. */
export function GatedButton({ why, onClick, children, ...rest }: Props) {
  const [open, setOpen] = useState(false);
  const can = typeof why === "string" ? null : why;
  const text = whyText(why);
  const off = text !== "";
  const target = (
    <Button
      {...rest}
      aria-disabled={off || undefined}
      data-disabled={off || undefined}
      onClick={off ? (event) => event.preventDefault() : onClick}
    >
      {children}
      {off && <span className="sr">. {text}</span>}
    </Button>
  );
  if (!off) return target;
  return (
    <Popover width={320} trapFocus={can !== null} returnFocus onChange={setOpen} position="bottom-start">
      <Tooltip label={text} disabled={open}>
        <Popover.Target>{target}</Popover.Target>
      </Tooltip>
      <Popover.Dropdown aria-label="Why not">
        {can ? (
          <Suspense fallback={null}>
            <WhyNot can={can} />
          </Suspense>
        ) : (
          <p role="status">{text}</p>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

/** The sentence of a reason in either form. */
export const whyText = (why: string | Can) => (typeof why === "string" ? why : why.why);
