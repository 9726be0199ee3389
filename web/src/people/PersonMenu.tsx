import { ActionIcon, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import type { Person, PersonGrant } from "../api/account-types";
import { same } from "../roles/outcome";
import { useSite } from "../shell/site";
import { GatedItem } from "../ui/gated-item";
import { useCan } from "../ui/permissions";

export type PersonTask =
  | { kind: "more"; person: Person }
  | { kind: "change"; person: Person; grant: PersonGrant }
  | { kind: "take"; person: Person; grant: PersonGrant }
  | { kind: "suspend" | "unsuspend" | "remove" | "leave"; person: Person };

/** What can be done with a person; what cannot be says why. */
export function PersonMenu({ person, onTask }: { person: Person; onTask: (task: PersonTask) => void }) {
  const can = useCan();
  const site = useSite();
  const navigate = useNavigate();
  const me = person.me;
  const owner = person.grants.some((grant) => same(grant.role_title, "Owner"));
  const manage = can("user.manage").why;
  const suspend = person.suspended ? manage : can("user.suspend").why;
  const ofOwner = owner ? "The Owner cannot be changed: transfer ownership first." : "";
  const ofSelf = me ? "Not yourself." : "";
  const items: { word: string; why: string; run: () => void; danger?: boolean }[] = [
    { word: "Give one more role…", why: manage, run: () => onTask({ kind: "more", person }) },
    ...person.grants.flatMap((grant) => {
      const why = same(grant.role_title, "Owner") ? ofOwner : manage;
      return [
        { word: `Change ${grant.role_title}…`, why, run: () => onTask({ kind: "change", person, grant }) },
        ...(person.grants.length > 1
          ? [
              {
                word: `Take ${grant.role_title} away…`,
                why,
                run: () => onTask({ kind: "take", person, grant }),
              },
            ]
          : []),
      ];
    }),
    person.suspended
      ? { word: "End the suspension…", why: suspend, run: () => onTask({ kind: "unsuspend", person }) }
      : {
          word: "Suspend…",
          why: ofOwner || ofSelf || suspend,
          run: () => onTask({ kind: "suspend", person }),
        },
    me
      ? {
          word: "Leave the account…",
          why: ofOwner,
          run: () => onTask({ kind: "leave", person }),
          danger: true,
        }
      : {
          word: "Remove…",
          why: ofOwner || manage,
          run: () => onTask({ kind: "remove", person }),
          danger: true,
        },
  ];
  return (
    <Menu position="bottom-end" width={280}>
      <Menu.Target>
        <ActionIcon variant="subtle" size={32} aria-label={`What to do with ${person.name}`}>
          <IconDots size={18} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          onClick={() =>
            void navigate({
              to: "/s/$site/roles",
              params: { site },
              search: { tab: "person", person: person.id },
            })
          }
        >
          What they may do
        </Menu.Item>
        <Menu.Divider />
        {items.map(({ word, why, run, danger }) => (
          <GatedItem key={word} why={why} run={run} danger={danger}>
            {word}
          </GatedItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
