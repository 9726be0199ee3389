import { ActionIcon, Menu } from "@mantine/core";
import { IconChevronDown, IconKeyboard, IconMenu2, IconSearch } from "@tabler/icons-react";
import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { ALL_SITES } from "../api/queries";
import { useSession } from "../api/session";
import { InboxBell } from "../inbox/InboxBell";
import css from "./Header.module.css";
import { Metrics } from "./Metrics";
import { Pipeline } from "./Pipeline";
import { useSite, useSiteName } from "./site";
import { UserMenu } from "./UserMenu";

export function Header({
  openHelp,
  openPalette,
  openMenu,
}: {
  openHelp: () => void;
  openPalette: () => void;
  openMenu: () => void;
}) {
  return (
    <header className={css.header}>
      <div className={css.start}>
        <ActionIcon variant="subtle" size={36} className="phone-only" aria-label="Pages" onClick={openMenu}>
          <IconMenu2 size={20} aria-hidden="true" />
        </ActionIcon>
        <Link to="/" className={`${css.mark} wide-only`} aria-label="Adit, start page">
          <img src="/adit.svg" alt="" width={24} height={24} />
          <span>Adit</span>
        </Link>
        <SitePicker />
      </div>
      <Metrics />
      <div className={css.end}>
        <Pipeline />
        <ActionIcon
          variant="subtle"
          size={34}
          className="wide-only"
          aria-label="Find (Ctrl K)"
          title="Find (Ctrl K)"
          onClick={openPalette}
        >
          <IconSearch size={18} stroke={1.6} aria-hidden="true" />
        </ActionIcon>
        <InboxBell />
        <ActionIcon
          variant="subtle"
          size={34}
          className="wide-only"
          aria-label="Keyboard help"
          onClick={openHelp}
        >
          <IconKeyboard size={18} stroke={1.6} aria-hidden="true" />
        </ActionIcon>
        <UserMenu openHelp={openHelp} />
      </div>
    </header>
  );
}

function SitePicker() {
  const site = useSite();
  const name = useSiteName();
  const { sites } = useSession();
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const page = path.split("/")[3] ?? "devices";
  const go = (to: string) => navigate({ to: `/s/${to}/${page}` as "/", search: {} });
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button
          type="button"
          className={css.site}
          aria-label={`Site: ${name(site === ALL_SITES ? null : site)}`}
        >
          <span className="ellipsis">{name(site === ALL_SITES ? null : site)}</span>
          <IconChevronDown size={14} aria-hidden="true" />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => go(ALL_SITES)}>All sites</Menu.Item>
        <Menu.Divider />
        {sites.map((entry) => (
          <Menu.Item key={entry.id} onClick={() => go(entry.id)}>
            {entry.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
