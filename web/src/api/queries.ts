// What the pages read, one entry per address. `site` is a site id or "all".
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { type SeenPage, seen } from "./merge";
import type { AuditQuery, Box, DeviceQuery, RequestsQuery } from "./types";

export const ALL_SITES = "all";
/** For the server: no site stands for all of them. */
export const scoped = (site: string) => (site === ALL_SITES ? undefined : site);

export const overviewQuery = (site: string) =>
  queryOptions({
    queryKey: ["overview", site],
    queryFn: () => unwrap(client.GET("/overview", { params: { query: { site: scoped(site) } } })),
  });

export const DEVICE_PAGE = 500;
export const devicesQuery = (site: string, filter: DeviceQuery) =>
  infiniteQueryOptions({
    queryKey: ["devices", "list", site, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }): Promise<SeenPage> => {
      const page = await unwrap(
        client.GET("/devices", {
          params: {
            query: { ...filter, site: scoped(site), limit: DEVICE_PAGE, cursor: pageParam },
          },
          signal,
        }),
      );
      const now = Date.now();
      return { ...page, items: page.items.map((row) => seen(row, now)) };
    },
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: (previous) => previous,
  });

/** Counts for the filter chips: the same question for one row. */
export const facetsQuery = (site: string, filter: DeviceQuery) =>
  queryOptions({
    queryKey: ["devices", "facets", site, filter],
    queryFn: () =>
      unwrap(client.GET("/devices", { params: { query: { ...filter, site: scoped(site), limit: 1 } } })),
    placeholderData: (previous) => previous,
  });

/** The first few that a text fits, for whoever types a name, an address, a MAC or a serial number. */
export const devicesFoundQuery = (site: string, q: string) =>
  queryOptions({
    queryKey: ["devices", "found", site, q],
    queryFn: ({ signal }) =>
      unwrap(client.GET("/devices", { params: { query: { q, site: scoped(site), limit: FEW } }, signal })),
    staleTime: 0,
    placeholderData: (previous) => previous,
  });
const FEW = 6;

export const deviceQuery = (id: string) =>
  queryOptions({
    queryKey: ["devices", "one", id],
    queryFn: async () =>
      seen(await unwrap(client.GET("/devices/{id}", { params: { path: { id } } })), Date.now()),
  });

export function deviceIds(site: string, filter: DeviceQuery) {
  return unwrap(client.GET("/devices/ids", { params: { query: { ...filter, site: scoped(site) } } }));
}

export const permissionsQuery = (device?: string) =>
  queryOptions({
    queryKey: ["permissions", device ?? "any"],
    queryFn: () => unwrap(client.GET("/me/permissions", { params: { query: { resource: device } } })),
  });

export const draftQuery = (site: string) =>
  queryOptions({
    queryKey: ["draft", site],
    queryFn: () => unwrap(client.GET("/draft", { params: { query: { site } } })),
  });

export type RequestFilter = Omit<RequestsQuery, "limit" | "cursor"> & { box: Box };
export const requestsQuery = (filter: RequestFilter, limit = 50) =>
  infiniteQueryOptions({
    queryKey: ["requests", filter, limit],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      unwrap(client.GET("/requests", { params: { query: { ...filter, limit, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const requestQuery = (id: string) =>
  queryOptions({
    queryKey: ["request", id],
    queryFn: () => unwrap(client.GET("/requests/{id}", { params: { path: { id } } })),
  });

const ITEM_PAGE = 500;
const MAX_ITEMS = 20_000;
/** Every target of a request: the mosaic shows all of them. */
export const itemsQuery = (id: string) =>
  queryOptions({
    queryKey: ["items", id],
    queryFn: async () => {
      const items = [];
      let cursor: string | undefined;
      do {
        const page = await unwrap(
          client.GET("/requests/{id}/items", {
            params: { path: { id }, query: { limit: ITEM_PAGE, cursor } },
          }),
        );
        items.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      } while (cursor && items.length < MAX_ITEMS);
      return items;
    },
  });

export const policiesQuery = queryOptions({
  queryKey: ["policies"],
  queryFn: () => unwrap(client.GET("/approval-policies")),
});

export const agentsQuery = queryOptions({
  queryKey: ["agents"],
  queryFn: () => unwrap(client.GET("/agents")),
});

export const auditQuery = (filter: AuditQuery) =>
  infiniteQueryOptions({
    queryKey: ["audit", filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      unwrap(client.GET("/audit", { params: { query: { ...filter, limit: 100, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const demoUsersQuery = queryOptions({
  queryKey: ["demo-users"],
  queryFn: () => unwrap(client.GET("/demo-users")),
  retry: false,
});
