import { ActionIcon, Menu, useMantineColorScheme } from "@mantine/core";
import {
  IconDeviceDesktop,
  IconDoorExit,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconPlus,
  IconRowInsertBottom,
  IconShieldLock,
  IconSun,
  IconUserCircle,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { chooseAccount } from "../api/accounts";
import { signOut, useSession } from "../api/session";
import { words } from "../ui/format";
import { GatedItem } from "../ui/gated-item";
import { usePrefs } from "../ui/prefs";
import { refused } from "../ui/toast";
import { useSite } from "./site";

const FoundAsk = lazy(() => import("./FoundAsk").then((module) => ({ default: module.FoundAsk })));
const LeaveAsk = lazy(() => import("../people/LeaveAsk").then((module) => ({ default: module.LeaveAsk })));

export function UserMenu({ openHelp }: { openHelp: () => void }) {
  const session = useSession();
  const site = useSite();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const compact = usePrefs((prefs) => prefs.compact);
  const schemes = [
    { key: "dark", word: "Dark theme", icon: IconMoon },
    { key: "light", word: "Light theme", icon: IconSun },
    { key: "auto", word: "System theme", icon: IconDeviceDesktop },
  ] as const;
  const [leaving, setLeaving] = useState(false);
  const [founding, setFounding] = useState(false);
  return (
    <>
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <ActionIcon variant="subtle" size={36} aria-label={`${session.user.name}: account and appearance`}>
            <IconUserCircle size={22} stroke={1.6} aria-hidden="true" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            <div className="small" style={{ color: "var(--text)", fontWeight: 600 }}>
              {session.user.name}
            </div>
            <div>{session.roles.map(words).join(", ")}</div>
            <div>{session.account.name}</div>
          </Menu.Label>
          {session.accounts.length > 1 && (
            <>
              <Menu.Divider />
              <Menu.Label>Accounts</Menu.Label>
              {session.accounts.map((account) => (
                <Menu.Item
                  key={account.id}
                  role="menuitemradio"
                  aria-checked={account.current}
                  rightSection={account.current ? "✓" : undefined}
                  onClick={account.current ? undefined : () => void chooseAccount(account.id).catch(refused)}
                >
                  {account.name}
                  {!account.opened && <span className="dim small"> (not opened yet)</span>}
                  <div className="dim small">{account.roles.map(words).join(", ")}</div>
                </Menu.Item>
              ))}
            </>
          )}
          {session.may_found && (
            <Menu.Item
              leftSection={<IconPlus size={15} aria-hidden="true" />}
              onClick={() => setFounding(true)}
            >
              Make another account…
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconShieldLock size={15} aria-hidden="true" />}
            renderRoot={(props) => <Link {...props} to="/s/$site/security" params={{ site }} />}
          >
            Security
          </Menu.Item>
          <Menu.Divider />
          {schemes.map(({ key, word, icon: Icon }) => (
            <Menu.Item
              key={key}
              role="menuitemradio"
              aria-checked={colorScheme === key}
              leftSection={<Icon size={15} aria-hidden="true" />}
              rightSection={colorScheme === key ? "✓" : undefined}
              onClick={() => setColorScheme(key)}
            >
              {word}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconRowInsertBottom size={15} aria-hidden="true" />}
            onClick={() => usePrefs.setState({ compact: !compact })}
          >
            {compact ? "Comfortable rows" : "Compact rows"}
          </Menu.Item>
          <Menu.Item leftSection={<IconKeyboard size={15} aria-hidden="true" />} onClick={openHelp}>
            Keyboard
          </Menu.Item>
          <Menu.Divider />
          <GatedItem
            icon={IconDoorExit}
            why={
              session.accounts.some((account) => account.current && account.owner)
                ? "The Owner cannot leave: transfer ownership first."
                : ""
            }
            run={() => setLeaving(true)}
          >
            Leave {session.account.name}…
          </GatedItem>
          <Menu.Item
            leftSection={<IconLogout size={15} aria-hidden="true" />}
            onClick={() => void signOut().catch(refused)}
          >
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense fallback={null}>
        {leaving && <LeaveAsk onClose={() => setLeaving(false)} />}
        {founding && <FoundAsk onClose={() => setFounding(false)} />}
      </Suspense>
    </>
  );
}
