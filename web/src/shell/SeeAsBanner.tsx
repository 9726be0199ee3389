import { Button } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { useEffect } from "react";
import { seeAs, useSeeAs } from "../ui/see-as";
import css from "./Shell.module.css";

/** Says, as long as it lasts, that pages and controls are shown the way a role would see them. */
export function SeeAsBanner() {
  const role = useSeeAs((state) => state.role);
  // Whoever signs out, or in as another, starts as themselves.
  useEffect(() => () => seeAs(null), []);
  return (
    <div role="status">
      {role && (
        <div className={css.banner}>
          <IconEye size={16} aria-hidden="true" />
          <span className="grow">
            You see pages and controls as <b>{role.name}</b>. The data are still yours, and nothing is sent to
            the server.
          </span>
          <Button variant="default" onClick={() => seeAs(null)}>
            Stop
          </Button>
        </div>
      )}
    </div>
  );
}
