// Every address of the console. Filters and selections are typed search parameters: the address is the state.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { ALL_SITES } from "./api/queries";
import { queryClient } from "./api/query";
import { sessionQuery } from "./api/session";
import { approvalsSearch } from "./approvals/search";
import { auditSearch } from "./audit/search";
import { deviceSearch } from "./devices/search";
import { NotFound, PageError } from "./shell/NotFound";
import { Shell } from "./shell/Shell";

const root = createRootRoute({ notFoundComponent: NotFound, errorComponent: PageError });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: async () => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/sign-in", search: {} });
    const [only, second] = session.sites;
    const site = only && !second ? only.id : ALL_SITES;
    throw redirect({ to: "/s/$site/devices", params: { site }, search: {} });
  },
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    // Only addresses of this console: a link must not lead elsewhere after signing in.
    typeof search.next === "string" && /^\/(?![/\\])/.test(search.next) ? { next: search.next } : {},
  component: lazyRouteComponent(() => import("./sign-in/SignIn"), "SignIn"),
});

const shell = createRoute({
  getParentRoute: () => root,
  path: "/s/$site",
  beforeLoad: async ({ params, location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/sign-in", search: { next: location.href } });
    if (params.site !== ALL_SITES && !session.sites.some((site) => site.id === params.site))
      throw redirect({ to: "/s/$site/devices", params: { site: ALL_SITES }, search: {} });
  },
  component: Shell,
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
  component: lazyRouteComponent(() => import("./devices/DevicesPage"), "DevicesPage"),
});

const agents = createRoute({
  getParentRoute: () => shell,
  path: "agents",
  component: lazyRouteComponent(() => import("./agents/AgentsPage"), "AgentsPage"),
});

const review = createRoute({
  getParentRoute: () => shell,
  path: "review",
  component: lazyRouteComponent(() => import("./draft/ReviewPage"), "ReviewPage"),
});

const approvals = createRoute({
  getParentRoute: () => shell,
  path: "approvals",
  validateSearch: approvalsSearch,
  component: lazyRouteComponent(() => import("./approvals/ApprovalsPage"), "ApprovalsPage"),
});

const request = createRoute({
  getParentRoute: () => shell,
  path: "requests/$id",
  component: lazyRouteComponent(() => import("./requests/RequestPage"), "RequestPage"),
});

const rules = createRoute({
  getParentRoute: () => shell,
  path: "rules",
  component: lazyRouteComponent(() => import("./policies/PoliciesPage"), "PoliciesPage"),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: "audit",
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import("./audit/AuditPage"), "AuditPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    signIn,
    shell.addChildren([shellHome, devices, agents, review, approvals, request, rules, audit]),
  ]),
  defaultPreload: "intent",
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
