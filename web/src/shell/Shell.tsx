import { Drawer } from "@mantine/core";
import { useDisclosure, useHotkeys, useMediaQuery } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Outlet, useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { openStream } from "../api/live";
import { sessionQuery } from "../api/session";
import { usePrefs } from "../ui/prefs";
import { clearTold } from "../ui/toast";
import { useKeys } from "../ui/use-keys";
import { AccountBanners } from "./AccountBanners";
import { Header } from "./Header";
import { HelpDialog } from "./HelpDialog";
import { Nav } from "./Nav";
import { PaletteDialog } from "./PaletteDialog";
import { Pipeline } from "./Pipeline";
import { SeeAsBanner } from "./SeeAsBanner";
import css from "./Shell.module.css";
import { StaleBanner } from "./StaleBanner";
import { StepUpDialog } from "./StepUpDialog";
import { useSite } from "./site";

const DraftPanel = lazy(() =>
  import("../draft/DraftPanel").then((module) => ({ default: module.DraftPanel })),
);

export function Shell() {
  const { data: session } = useQuery(sessionQuery);
  const router = useRouter();
  const signedIn = Boolean(session);
  // When the session ends, the route's own guard leads to the sign-in page.
  useEffect(() => {
    if (!signedIn) void router.invalidate();
  }, [signedIn, router]);
  return signedIn ? <SignedIn /> : null;
}

function SignedIn() {
  const site = useSite();
  const navigate = useNavigate();
  const [help, helpDialog] = useDisclosure(false);
  const [palette, paletteDialog] = useDisclosure(false);
  const [menu, menuDrawer] = useDisclosure(false);
  const { draftOpen, draftPinned } = usePrefs();
  const wide = useMediaQuery("(min-width: 1100px)", true);
  const aside = useRouterState({ select: (state) => "device" in state.location.search });
  const onReview = useRouterState({ select: (state) => state.location.pathname.endsWith("/review") });
  useEffect(() => openStream(site), [site]);

  // Also while something is typed.
  useHotkeys([["mod+K", paletteDialog.toggle]], []);
  const params = { site };
  useKeys("pages", {
    "g d": () => navigate({ to: "/s/$site/devices", params, search: {} }),
    "g a": () => navigate({ to: "/s/$site/approvals", params, search: {} }),
    "g q": () => navigate({ to: "/s/$site/requests", params, search: {} }),
    "g i": () => navigate({ to: "/s/$site/inbox", params, search: {} }),
    "g r": () => navigate({ to: "/s/$site/review", params }),
    "g g": () => navigate({ to: "/s/$site/agents", params }),
    "g p": () => navigate({ to: "/s/$site/rules", params }),
    "g l": () => navigate({ to: "/s/$site/audit", params, search: {} }),
    d: () => usePrefs.setState({ draftOpen: !draftOpen }),
    "?": helpDialog.open,
  });

  // The review page shows the whole draft: no second copy beside it.
  const showDraft = draftOpen && !onReview;
  // Messages keep clear of the panel's buttons.
  useEffect(() => {
    document.documentElement.dataset.panel = showDraft || aside ? "open" : "closed";
  }, [showDraft, aside]);

  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page or panel is what clears it
  useEffect(clearTold, [path, showDraft]);

  const closeDraft = () => usePrefs.setState({ draftOpen: false });
  const pinned = showDraft && draftPinned && wide;
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#content">
        Skip to the content
      </a>
      <Header openHelp={helpDialog.open} openPalette={paletteDialog.open} openMenu={menuDrawer.open} />
      <div style={{ gridArea: "banner" }}>
        <SeeAsBanner />
        <AccountBanners />
        <StaleBanner />
      </div>
      <Nav />
      <main className={css.main} id="content" tabIndex={-1}>
        <Outlet />
      </main>
      {pinned && (
        <aside className={css.panel} aria-label="Draft">
          <Suspense fallback={null}>
            <DraftPanel onClose={closeDraft} />
          </Suspense>
        </aside>
      )}
      <Drawer
        opened={showDraft && !pinned}
        onClose={closeDraft}
        position="right"
        size={420}
        withCloseButton={false}
        attributes={{ content: { "aria-label": "Draft" } }}
        styles={{ body: { height: "100%", padding: 0 } }}
      >
        <Suspense fallback={null}>
          <DraftPanel onClose={closeDraft} />
        </Suspense>
      </Drawer>
      <Drawer
        opened={menu}
        onClose={menuDrawer.close}
        size={280}
        title="Adit"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <button
          type="button"
          className={`${css.item} ${css.find}`}
          onClick={() => {
            menuDrawer.close();
            paletteDialog.open();
          }}
        >
          <IconSearch size={17} stroke={1.6} aria-hidden="true" />
          <span>Find…</span>
        </button>
        <Nav inDrawer onGo={menuDrawer.close} />
      </Drawer>
      <Pipeline bar />
      <PaletteDialog opened={palette} onClose={paletteDialog.close} />
      <HelpDialog opened={help} onClose={helpDialog.close} />
      <StepUpDialog />
    </div>
  );
}
