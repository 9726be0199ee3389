import { useMediaQuery } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useRef } from "react";
import { deviceIds, devicesQuery, facetsQuery, overviewQuery } from "../api/queries";
import { useSite, useSitesInScope } from "../shell/site";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { ago, count } from "../ui/format";
import { refused } from "../ui/toast";
import { useKeys } from "../ui/use-keys";
import { useNow } from "../ui/use-now";
import { countedAs } from "./counted";
import { DeviceCards } from "./DeviceCards";
import { DeviceDrawer } from "./DeviceDrawer";
import { DeviceGrid } from "./DeviceGrid";
import css from "./Devices.module.css";
import { Filters } from "./Filters";
import { SelectionTray } from "./SelectionTray";
import { type DeviceSearch, filterOf, isFiltered } from "./search";
import { selection, useSelection } from "./selection";

const FirstSteps = lazy(() => import("./FirstSteps").then((module) => ({ default: module.FirstSteps })));

const route = getRouteApi("/s/$site/devices");
/** More than this is too much for one draft; the server answers no more ids at once. */
const MOST_SELECTED = 10_000;

export function DevicesPage() {
  const site = useSite();
  const sites = useSitesInScope();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const phone = useMediaQuery("(max-width: 700px)", false);
  const searchBox = useRef<HTMLInputElement>(null);

  const filter = filterOf(search);
  const list = useInfiniteQuery(devicesQuery(site, filter));
  const facets = useQuery(facetsQuery(site, filter));
  const pages = list.data?.pages;
  const rows = useMemo(() => pages?.flatMap((page) => page.items) ?? [], [pages]);
  const header = useQuery(overviewQuery(site)).data;
  const counted = countedAs(header, search, facets.data);
  const total = counted?.total ?? pages?.[0]?.total ?? 0;

  const change = (patch: Partial<DeviceSearch>, replace = false) =>
    void navigate({ search: (previous) => ({ ...previous, ...patch }), replace });
  const open = (device: string | undefined) => change({ device });

  const selectAll = async () => {
    const seen = new Map(rows.map((row) => [row.id, row]));
    try {
      for (const entry of sites) {
        const { ids } = await deviceIds(entry.id, filter);
        selection.addIds(ids, entry.id, seen);
      }
    } catch (error) {
      refused(error);
    }
  };

  useKeys("devices", {
    "/": () => searchBox.current?.focus(),
    Escape: () => {
      if (!search.device) selection.clear();
    },
  });

  const shared = {
    rows,
    total: Math.max(total, rows.length),
    search,
    change,
    open,
    fetchMore: () => {
      if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
    },
    selectAll: total <= MOST_SELECTED ? selectAll : undefined,
  };
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>Devices</h1>
        <StateLine
          total={total}
          asOf={pages?.[0]?.as_of}
          loaded={!list.isPending}
          filtered={isFiltered(search)}
        />
      </header>
      <Filters search={search} change={change} facets={counted?.facets} searchBox={searchBox} />
      {list.isPending ? (
        <div className={css.body}>
          <Waiting rows={12} />
        </div>
      ) : list.isError && rows.length === 0 ? (
        <LoadError error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <NoDevices filtered={isFiltered(search)} clear={() => void navigate({ search: {} })} />
      ) : phone ? (
        <DeviceCards {...shared} />
      ) : (
        <DeviceGrid {...shared} />
      )}
      <Tray total={total} selectAll={shared.selectAll} />
      <DeviceDrawer id={search.device} onClose={() => open(undefined)} />
    </div>
  );
}

function Tray({ total, selectAll }: { total: number; selectAll?: () => Promise<void> }) {
  const picks = useSelection((state) => state.picks);
  if (picks.size === 0) return null;
  return <SelectionTray picks={picks} total={total} selectAll={selectAll} />;
}

function StateLine({
  total,
  asOf,
  loaded,
  filtered,
}: {
  total: number;
  asOf: number | undefined;
  loaded: boolean;
  filtered: boolean;
}) {
  const now = useNow();
  if (!loaded) return <p className="dim">Loading…</p>;
  return (
    <p className="dim">
      <span className="num">{count(total)}</span> {filtered ? "matching" : total === 1 ? "device" : "devices"}
      {asOf ? `, last change ${ago(asOf, now)}` : ""}
    </p>
  );
}

function NoDevices({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  if (filtered)
    return (
      <Empty title="No device matches these filters">
        <button type="button" className="link" onClick={clear}>
          Remove all filters
        </button>
      </Empty>
    );
  return (
    <div className={css.body}>
      <Suspense fallback={<Waiting rows={4} height={64} />}>
        <FirstSteps />
      </Suspense>
    </div>
  );
}
