import { IconUnlink } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Empty } from "../ui/feedback";

/** A link that opens nothing: used up, expired, withdrawn or cut short. */
export function DeadLink({ children }: { children: ReactNode }) {
  return (
    <div className="card" role="alert">
      <Empty
        title="This link no longer works"
        icon={<IconUnlink size={28} aria-hidden="true" className="dim" />}
      >
        {children}
      </Empty>
    </div>
  );
}
