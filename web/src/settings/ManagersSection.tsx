import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { letAdministratorsManage, peopleQuery } from "../api/people";
import { Section } from "../security/Section";
import { Ask } from "../ui/ask";
import { GatedButton } from "../ui/gated";
import { useCan } from "../ui/permissions";
import { useOutcome } from "../ui/use-outcome";

/** May Administrators manage people? A request changes it. */
export function ManagersSection() {
  const can = useCan();
  const { data } = useQuery({ ...peopleQuery, enabled: can("user.view").allowed });
  const [asking, setAsking] = useState(false);
  const tell = useOutcome();
  const on = data?.administrators_manage_users;
  if (on === undefined) return null;
  return (
    <Section
      title="Who manages people"
      state={
        on
          ? "The Owner, and Administrators for everybody below Administrator."
          : "The Owner alone: as delivered."
      }
      action={
        <GatedButton why={can("user.manage")} variant="default" onClick={() => setAsking(true)}>
          {on ? "Only the Owner…" : "Let Administrators…"}
        </GatedButton>
      }
    >
      <Ask
        opened={asking}
        onClose={() => setAsking(false)}
        title={on ? "Let only the Owner manage people?" : "Let Administrators manage people?"}
        confirm={on ? "Only the Owner" : "Let them"}
        onConfirm={async () =>
          tell(
            await letAdministratorsManage(!on),
            on ? "Only the Owner manages people" : "Administrators manage people",
          )
        }
      >
        <p className="soft">
          {on
            ? "Administrators no longer invite, change or remove anybody. Who was added stays."
            : "They may then invite, change and remove people below Administrator. Never another Administrator, never the Owner."}
        </p>
      </Ask>
    </Section>
  );
}
