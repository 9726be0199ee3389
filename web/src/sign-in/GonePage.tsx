import { Button } from "@mantine/core";
import { IconDoorExit } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Empty } from "../ui/feedback";
import { Door } from "./Door";

/** For somebody who is signed in and holds no role any more: said plainly, with what can be done. */
export function GonePage() {
  return (
    <Door title="Adit">
      <div className="card" role="alert">
        <Empty
          title="You no longer have a role here"
          icon={<IconDoorExit size={28} aria-hidden="true" className="dim" />}
        >
          <p>
            You left, were removed or suspended, or your role has ended. Pages that were open show nothing
            more. What you did stays in the audit log.
          </p>
          <p>Whoever manages people there can give you a role again; this sign-in then works at once.</p>
          <div className="row wrap" style={{ justifyContent: "center" }}>
            {/* Everything anew: what was known is of no use any more. */}
            <Button variant="default" component="a" href="/">
              Look again
            </Button>
            <Button variant="default" component={Link} to="/sign-in">
              Sign in as somebody else
            </Button>
          </div>
        </Empty>
      </div>
    </Door>
  );
}
