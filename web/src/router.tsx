// Every address of the console. Filters and selections are typed search parameters: the address is the state.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { loaded } from "./api/loaded";
import { ALL_SITES } from "./api/queries";
import { isGone, queryClient } from "./api/query";
import { sessionQuery } from "./api/session";
import { approvalsSearch } from "./approvals/search";
import { asOfSearch, auditSearch } from "./audit/search";
import { deviceSearch } from "./devices/search";
import { inboxSearch } from "./inbox/search";
import { peopleSearch } from "./people/search";
import { rulesSearch } from "./policies/search";
import { requestsSearch } from "./requests/search";
import { rolesSearch } from "./roles/search";
import { NotFound, PageError } from "./shell/NotFound";
import { Shell } from "./shell/Shell";
import { signInSearch } from "./sign-in/search";
import { webhooksSearch } from "./webhooks/search";

const root = createRootRoute({ notFoundComponent: NotFound, errorComponent: PageError });

/** A page's script; as long as the server does not answer, the page before it stays and this one is waited for. */
function page<Module extends Record<string, unknown>>(
  load: () => Promise<Module>,
  name: keyof Module & string,
) {
  return lazyRouteComponent(() => loaded(load) as Promise<Record<string, never>>, name);
}

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: async () => {
    const session = await sessionOrGone();
    if (!session) throw redirect({ to: "/sign-in", search: {} });
    const [only, second] = session.sites;
    const site = only && !second ? only.id : ALL_SITES;
    throw redirect({ to: "/s/$site/devices", params: { site }, search: {} });
  },
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: signInSearch,
  component: page(() => import("./sign-in/SignIn"), "SignIn"),
});

// Links that the server makes; each carries its token after the #.
const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: page(() => import("./sign-in/SetupPage"), "SetupPage"),
});
const invitation = createRoute({
  getParentRoute: () => root,
  path: "/invitation",
  component: page(() => import("./sign-in/InvitationPage"), "InvitationPage"),
});
const resetPassword = createRoute({
  getParentRoute: () => root,
  path: "/reset-password",
  component: page(() => import("./sign-in/ResetPage"), "ResetPage"),
});
const verifyEmail = createRoute({
  getParentRoute: () => root,
  path: "/verify-email",
  component: page(() => import("./sign-in/VerifyPage"), "VerifyPage"),
});
const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: "/forgot-password",
  component: page(() => import("./sign-in/ForgotPage"), "ForgotPage"),
});

// What people without an account are shown.
const observeByLink = createRoute({
  getParentRoute: () => root,
  path: "/observe",
  component: page(() => import("./observers/ObservePage"), "ObserveByLink"),
});
const observeByName = createRoute({
  getParentRoute: () => root,
  path: "/observe/$coin/$name",
  component: page(() => import("./observers/ObservePage"), "ObserveByName"),
});

const gone = createRoute({
  getParentRoute: () => root,
  path: "/gone",
  component: page(() => import("./sign-in/GonePage"), "GonePage"),
});

/** Whoever is signed in; somebody without a role is shown that, and nothing else. */
async function sessionOrGone() {
  try {
    return await queryClient.ensureQueryData(sessionQuery);
  } catch (error) {
    if (isGone(error)) throw redirect({ to: "/gone" });
    throw error;
  }
}

const shell = createRoute({
  getParentRoute: () => root,
  path: "/s/$site",
  beforeLoad: async ({ params, location }) => {
    const session = await sessionOrGone();
    if (!session) throw redirect({ to: "/sign-in", search: { next: location.href } });
    if (params.site !== ALL_SITES && !session.sites.some((site) => site.id === params.site))
      throw redirect({ to: "/s/$site/devices", params: { site: ALL_SITES }, search: {} });
  },
  component: Shell,
  notFoundComponent: NotFound,
});

// An address of nothing is shown within the shell, to whoever is signed in.
const nothing = createRoute({ getParentRoute: () => shell, path: "$", component: NotFound });
const nowhere = createRoute({
  getParentRoute: () => root,
  path: "$",
  beforeLoad: async ({ location }) => {
    if (await sessionOrGone()) throw redirect({ href: `/s/${ALL_SITES}${location.href}` });
  },
  component: NotFound,
});

const shellHome = createRoute({
  getParentRoute: () => shell,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/s/$site/devices", params, search: {} });
  },
});

const devices = createRoute({
  getParentRoute: () => shell,
  path: "devices",
  validateSearch: deviceSearch,
  component: page(() => import("./devices/DevicesPage"), "DevicesPage"),
});

const agents = createRoute({
  getParentRoute: () => shell,
  path: "agents",
  component: page(() => import("./agents/AgentsPage"), "AgentsPage"),
});

const sites = createRoute({
  getParentRoute: () => shell,
  path: "sites",
  component: page(() => import("./sites/SitesPage"), "SitesPage"),
});

const subAccounts = createRoute({
  getParentRoute: () => shell,
  path: "sub-accounts",
  component: page(() => import("./sub-accounts/SubAccountsPage"), "SubAccountsPage"),
});

const money = createRoute({
  getParentRoute: () => shell,
  path: "sub-accounts/$id",
  component: page(() => import("./money/MoneyPage"), "MoneyPage"),
});

const review = createRoute({
  getParentRoute: () => shell,
  path: "review",
  component: page(() => import("./draft/ReviewPage"), "ReviewPage"),
});

const approvals = createRoute({
  getParentRoute: () => shell,
  path: "approvals",
  validateSearch: approvalsSearch,
  component: page(() => import("./approvals/ApprovalsPage"), "ApprovalsPage"),
});

const requests = createRoute({
  getParentRoute: () => shell,
  path: "requests",
  validateSearch: requestsSearch,
  component: page(() => import("./requests/RequestsPage"), "RequestsPage"),
});

const request = createRoute({
  getParentRoute: () => shell,
  path: "requests/$id",
  component: page(() => import("./requests/RequestPage"), "RequestPage"),
});

const inbox = createRoute({
  getParentRoute: () => shell,
  path: "inbox",
  validateSearch: inboxSearch,
  component: page(() => import("./inbox/InboxPage"), "InboxPage"),
});

const webhooks = createRoute({
  getParentRoute: () => shell,
  path: "webhooks",
  validateSearch: webhooksSearch,
  component: page(() => import("./webhooks/WebhooksPage"), "WebhooksPage"),
});

const apiKeys = createRoute({
  getParentRoute: () => shell,
  path: "api-keys",
  component: page(() => import("./keys/KeysPage"), "KeysPage"),
});

const rules = createRoute({
  getParentRoute: () => shell,
  path: "rules",
  validateSearch: rulesSearch,
  component: page(() => import("./policies/PoliciesPage"), "PoliciesPage"),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: "audit",
  validateSearch: auditSearch,
  component: page(() => import("./audit/AuditPage"), "AuditPage"),
});

const asOf = createRoute({
  getParentRoute: () => shell,
  path: "audit/as-of",
  validateSearch: asOfSearch,
  component: page(() => import("./audit/AsOfPage"), "AsOfPage"),
});

const security = createRoute({
  getParentRoute: () => shell,
  path: "security",
  component: page(() => import("./security/SecurityPage"), "SecurityPage"),
});

const panel = createRoute({
  getParentRoute: () => shell,
  path: "panel",
  component: page(() => import("./panel/PanelPage"), "PanelPage"),
});

const people = createRoute({
  getParentRoute: () => shell,
  path: "people",
  validateSearch: peopleSearch,
  component: page(() => import("./people/PeoplePage"), "PeoplePage"),
});

const roles = createRoute({
  getParentRoute: () => shell,
  path: "roles",
  validateSearch: rolesSearch,
  component: page(() => import("./roles/RolesPage"), "RolesPage"),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: "settings",
  component: page(() => import("./settings/SettingsPage"), "SettingsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    signIn,
    setup,
    invitation,
    resetPassword,
    verifyEmail,
    forgotPassword,
    observeByLink,
    observeByName,
    gone,
    nowhere,
    shell.addChildren([
      shellHome,
      devices,
      agents,
      sites,
      subAccounts,
      money,
      review,
      approvals,
      requests,
      request,
      inbox,
      rules,
      audit,
      asOf,
      panel,
      people,
      roles,
      webhooks,
      apiKeys,
      security,
      settings,
      nothing,
    ]),
  ]),
  defaultPreload: "intent",
  // Within the shell, which stays whatever becomes of a page.
  defaultErrorComponent: PageError,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
