// The live stream: one event source per tab, its frames folded into the query cache. When the stream
// breaks the browser resumes it from the last frame; when it had to be opened anew, everything is fetched again.
// A server that hangs breaks nothing: its beats, every two seconds, are what is missed then.
import type { InfiniteData } from "@tanstack/react-query";
import { create } from "zustand";
import { foldInbox } from "./inbox";
import {
  mergeDevicePages,
  mergeItems,
  mergeRow,
  mergeSummary,
  type RowPatch,
  type SeenPage,
  standing,
} from "./merge";
import { ALL_SITES, deviceQuery, itemsQuery, overviewQuery, requestQuery } from "./queries";
import { queryClient, reread } from "./query";
import { recheckSession } from "./session";
import type { InboxCounts, Item, Overview, RequestPage, RequestSummary } from "./types";

interface Live {
  connected: boolean;
  /** When the stream broke, for the banner; null while it runs. */
  since: number | null;
}
export const useLive = create<Live>(() => ({ connected: false, since: null }));

const RETRY_FIRST_MS = 1_000;
const RETRY_MOST_MS = 30_000;
/** Two beats late: the server hangs, or a network in between swallows what it says. */
const SILENT_MS = 4_000;
/** A stream that has been silent for so long may have been lost without a word: another is tried. */
const LOST_MS = 15_000;
const LOOK_MS = 500;

/** Opens the stream for a site; the answer closes it. */
export function openStream(site: string): () => void {
  let source: EventSource | null = null;
  let timer: number | undefined;
  let delay = RETRY_FIRST_MS;
  let wasOpen = false;
  let closed = false;
  let heardAt = Date.now();
  let openedAt = heardAt;
  const heard = () => {
    heardAt = Date.now();
    if (useLive.getState().since !== null) useLive.setState({ connected: true, since: null });
  };
  const watch = window.setInterval(() => {
    const now = Date.now();
    if (now - heardAt < SILENT_MS) return;
    if (useLive.getState().since === null) useLive.setState({ connected: false, since: heardAt });
    if (now - Math.max(heardAt, openedAt) < LOST_MS || source?.readyState === EventSource.CLOSED) return;
    source?.close();
    connect();
  }, LOOK_MS);

  const connect = () => {
    source = new EventSource(
      site === ALL_SITES ? "/api/v1/events" : `/api/v1/events?site=${encodeURIComponent(site)}`,
    );
    const from = source;
    openedAt = Date.now();
    from.onopen = () => {
      delay = RETRY_FIRST_MS;
      heard();
      useLive.setState({ connected: true, since: null });
      if (wasOpen) refetchAll();
      wasOpen = true;
    };
    from.onerror = () => {
      const { since } = useLive.getState();
      useLive.setState({ connected: false, since: since ?? Date.now() });
      if (from.readyState !== EventSource.CLOSED || closed) return;
      // The server refused the stream: perhaps the session has ended.
      void recheckSession();
      timer = window.setTimeout(connect, delay);
      delay = Math.min(delay * 2, RETRY_MOST_MS);
    };
    const on = <Frame>(name: string, fold: (frame: Frame) => void) =>
      from.addEventListener(name, (event) => {
        heard();
        fold(JSON.parse((event as MessageEvent<string>).data) as Frame);
      });
    on("beat", () => {});
    on<Overview>("overview", (overview) => foldOverview(site, overview));
    on<{ rows: RowPatch[]; as_of: number }>("devices", (frame) => foldDevices(frame.rows, frame.as_of));
    on<{ id: string; summary: RequestSummary }>("request", (frame) => foldRequest(frame.summary));
    on<{ request: string; items: Item[] }>("items", (frame) => foldItems(frame.request, frame.items));
    on<{ site: string }>(
      "draft",
      (frame) => void queryClient.invalidateQueries({ queryKey: ["draft", frame.site] }),
    );
    on<InboxCounts>("inbox", foldInbox);
    on("agents", () => void queryClient.invalidateQueries({ queryKey: ["agents"] }));
    on("reset", () => {
      // Perhaps because rights have changed.
      void recheckSession();
      refetchAll();
    });
    // Another tab went over to another account: nothing of this one may stay on the screen.
    on("account", () => location.assign("/"));
    on("signed_out", () => void recheckSession());
  };
  connect();
  return () => {
    closed = true;
    window.clearTimeout(timer);
    window.clearInterval(watch);
    source?.close();
    useLive.setState({ connected: false, since: null });
  };
}

function refetchAll() {
  void queryClient.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "session" });
}

/** Frames come up to four a second; what has to be asked for anew follows at a calmer pace. */
const CALM_MS = 2_000;
function calmly(run: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    window.setTimeout(() => {
      waiting = false;
      run();
    }, CALM_MS);
  };
}
const recountDevices = calmly(() => reread(["devices", "facets"]));
const relistDevices = calmly(() => reread(["devices", "list"]));

function foldOverview(site: string, overview: Overview) {
  const key = overviewQuery(site).queryKey;
  const before = queryClient.getQueryData(key);
  queryClient.setQueryData(key, overview);
  if (!before) return;
  // The counts on the filter chips follow the split of the fleet.
  if (JSON.stringify(before.devices) !== JSON.stringify(overview.devices)) recountDevices();
  if (before.devices.total !== overview.devices.total) relistDevices();
}

function foldDevices(rows: RowPatch[], asOf: number) {
  const now = Date.now();
  queryClient.setQueriesData<InfiniteData<SeenPage, string | undefined>>(
    { queryKey: ["devices", "list"] },
    (data) => data && mergeDevicePages(data, rows, asOf, now),
  );
  for (const row of rows) {
    queryClient.setQueryData(deviceQuery(row.id).queryKey, (known) => known && mergeRow(known, row, now));
  }
}

/** How each request stood when last heard of. */
const standings = new Map<string, string>();

function foldRequest(summary: RequestSummary) {
  const detail = requestQuery(summary.id).queryKey;
  queryClient.setQueryData(detail, (known) => known && { ...known, ...summary });
  for (const [key, data] of queryClient.getQueriesData<InfiniteData<RequestPage>>({
    queryKey: ["requests"],
  })) {
    if (!data) continue;
    let changed = false;
    const pages = data.pages.map((page) => {
      const { items, found } = mergeSummary(page.items, summary);
      changed ||= found;
      return found ? { ...page, items } : page;
    });
    if (changed) queryClient.setQueryData(key, { ...data, pages });
  }
  // Whom it is offered to sees it in their session; so does whoever waits for their word.
  if (summary.action.action === "transfer_ownership") {
    void recheckSession();
    void queryClient.invalidateQueries({ queryKey: ["transfer"] });
  }
  const now = standing(summary);
  if (standings.get(summary.id) === now) return;
  standings.set(summary.id, now);
  void queryClient.invalidateQueries({ queryKey: detail });
  reread(["requests"]);
  void queryClient.invalidateQueries({ queryKey: ["audit"], refetchType: "none" });
  // What is asked for already stands beside what is so.
  if (/^set_(wallet|allocation)$/.test(summary.action.action))
    void queryClient.invalidateQueries({ queryKey: ["money"] });
  if (summary.ended_at === null) return;
  void queryClient.invalidateQueries({ queryKey: itemsQuery(summary.id).queryKey });
  for (const key of touchedBy(summary.action.action)) void queryClient.invalidateQueries({ queryKey: [key] });
}

const ABOUT_PEOPLE = ["people", "invitations", "permissions", "explain"];
/** What has to be read anew once an action was carried out. */
function touchedBy(action: string): string[] {
  if (action === "set_policies") return ["policies"];
  if (action.endsWith("_role")) return ["roles", ...ABOUT_PEOPLE];
  if (action.endsWith("_grant") || action.endsWith("_user") || action.endsWith("_manage_users"))
    return ABOUT_PEOPLE;
  if (action.endsWith("_agent") || action.endsWith("_scan_task")) return ["agents", "scan-tasks", "sites"];
  if (action.endsWith("_site")) return ["sites", "session", "places", "agents", "scan-tasks"];
  // The list of sub-accounts names the address.
  if (action === "set_wallet") return ["places"];
  if (/_(group|sub_account)$/.test(action) || action.endsWith("_devices")) return ["places"];
  return [];
}

function foldItems(request: string, items: Item[]) {
  queryClient.setQueryData(itemsQuery(request).queryKey, (known) => known && mergeItems(known, items));
}
