import {
  IconChecklist,
  IconCpu,
  IconFileText,
  IconInbox,
  IconKey,
  IconLayoutGrid,
  IconLayoutSidebarLeftCollapse,
  IconLayoutSidebarLeftExpand,
  IconListDetails,
  IconMapPin,
  IconPencilCheck,
  IconScale,
  IconServer2,
  IconSettings,
  IconTable,
  IconUsers,
  IconUsersGroup,
  IconWebhook,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useLinkProps, useRouterState } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";
import { overviewQuery } from "../api/queries";
import { useSession } from "../api/session";
import { count } from "../ui/format";
import { usePrefs } from "../ui/prefs";
import { useSeeAs } from "../ui/see-as";
import css from "./Shell.module.css";
import { useSite } from "./site";

const GROUPS = [
  { name: "Overview", items: [{ to: "/s/$site/panel", word: "My panel", icon: IconLayoutGrid }] },
  {
    name: "Fleet",
    items: [
      { to: "/s/$site/devices", word: "Devices", icon: IconCpu },
      { to: "/s/$site/sites", word: "Sites", icon: IconMapPin },
      { to: "/s/$site/agents", word: "Agents & scans", icon: IconServer2 },
      { to: "/s/$site/sub-accounts", word: "Sub-accounts", icon: IconUsersGroup },
    ],
  },
  {
    name: "Control",
    items: [
      { to: "/s/$site/review", word: "Review draft", icon: IconPencilCheck },
      { to: "/s/$site/requests", word: "Requests", icon: IconListDetails },
      { to: "/s/$site/approvals", word: "Approvals", icon: IconChecklist },
      { to: "/s/$site/inbox", word: "Inbox", icon: IconInbox },
    ],
  },
  {
    name: "Admin",
    items: [
      { to: "/s/$site/people", word: "People", icon: IconUsers, needs: "user.view" },
      { to: "/s/$site/roles", word: "Roles", icon: IconTable },
      { to: "/s/$site/rules", word: "Approval rules", icon: IconScale },
      { to: "/s/$site/api-keys", word: "API Authorization", icon: IconKey, needs: "has_keys" },
      { to: "/s/$site/webhooks", word: "Webhooks", icon: IconWebhook, needs: "settings.manage" },
      { to: "/s/$site/audit", word: "Audit log", icon: IconFileText, needs: "audit.view" },
      { to: "/s/$site/settings", word: "Settings", icon: IconSettings },
    ],
  },
] as const;

/** The pages of each group that this person has, or that the role has as which they look. */
export function usePages() {
  const session = useSession();
  const { permissions } = useSeeAs((state) => state.role) ?? session;
  return GROUPS.map(({ name, items }) => ({
    name,
    items: items.filter((item) => {
      if (!("needs" in item)) return true;
      return item.needs === "has_keys" ? session.has_keys : permissions.includes(item.needs);
    }),
  }));
}

export function Nav({ inDrawer = false, onGo }: { inDrawer?: boolean; onGo?: () => void }) {
  const site = useSite();
  const groups = usePages();
  const narrow = usePrefs((prefs) => prefs.navNarrow) && !inDrawer;
  const { data } = useQuery(overviewQuery(site));
  const waiting = data?.chart.waiting_me ?? 0;
  return (
    <nav
      className={`${css.nav} ${narrow ? css.narrow : ""} ${inDrawer ? css.drawerNav : ""}`}
      aria-label="Pages"
    >
      {groups.map((group) => (
        <Fragment key={group.name}>
          <div className={css.group}>{group.name}</div>
          {group.items.map(({ to, word, icon: Icon }) => (
            <Entry key={to} to={to} word={word} onGo={onGo}>
              <Icon size={17} stroke={1.6} aria-hidden="true" />
              <span>{word}</span>
              {to === "/s/$site/approvals" && waiting > 0 && (
                <b className={`${css.badge} num`}>
                  {count(waiting)}
                  <i className="sr"> for you</i>
                </b>
              )}
            </Entry>
          ))}
        </Fragment>
      ))}
      {!inDrawer && (
        <button
          type="button"
          className={`${css.item} ${css.fold}`}
          aria-expanded={!narrow}
          onClick={() => usePrefs.setState({ navNarrow: !narrow })}
        >
          {narrow ? (
            <IconLayoutSidebarLeftExpand size={17} stroke={1.6} aria-hidden="true" />
          ) : (
            <IconLayoutSidebarLeftCollapse size={17} stroke={1.6} aria-hidden="true" />
          )}
          <span>Collapse</span>
          <i className="sr">the page list</i>
        </button>
      )}
    </nav>
  );
}

type To = (typeof GROUPS)[number]["items"][number]["to"];

/** A way to a page, marked while that page, or one below it, is the one on screen: not already while it is on its way. */
function Entry({
  to,
  word,
  onGo,
  children,
}: {
  to: To;
  word: string;
  onGo?: () => void;
  children: ReactNode;
}) {
  const site = useSite();
  const link = useLinkProps({ to, params: { site }, onClick: onGo });
  const open = useRouterState({ select: (state) => (state.resolvedLocation ?? state.location).pathname });
  const mark = markOf(to.replace("$site", site), open);
  return (
    <a {...link} className={css.item} title={word} aria-current={mark}>
      {children}
    </a>
  );
}

/** "page" for the page itself, true for one below it. */
export function markOf(page: string, open: string): "page" | "true" | undefined {
  if (open === page) return "page";
  return open.startsWith(`${page}/`) ? "true" : undefined;
}
