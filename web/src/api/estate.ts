// What a company is made of: sites, containers, sub-accounts, agents and scan tasks. Most changes go by request.
import { queryOptions } from "@tanstack/react-query";
import { client, idempotencyKey, unwrap, withStepUp } from "./client";
import { createRequest, keepRequest } from "./mutations";
import { placesQuery } from "./people";
import { queryClient } from "./query";
import type { components } from "./schema";
import type { Request } from "./types";

type Schemas = components["schemas"];
export type Site = Schemas["Site"];
export type Container = Schemas["Container"];
export type SubAccount = Schemas["SubAccount"];
export type SubAccountListed = Schemas["SubAccountListed"];
export type ScanTask = Schemas["ScanTask"];
export type Credential = Schemas["Credential"];
export type DeviceConflict = Schemas["DeviceConflict"];
export type RangesCheck = Schemas["RangesCheck"];
export type AgentChange = Schemas["AgentChange"];
export type SiteAsk = Schemas["SiteAsk"];
export type ScanTaskAsk = Schemas["ScanTaskAsk"];
export type ScanTaskChange = Schemas["ScanTaskChange"];

export const sitesQuery = queryOptions({
  queryKey: ["sites"],
  queryFn: () => unwrap(client.GET("/sites")),
});
export const scanTasksQuery = queryOptions({
  queryKey: ["scan-tasks"],
  queryFn: () => unwrap(client.GET("/scan-tasks")),
});
/** What ranges would come to; nothing is changed. */
export const rangesQuery = (agent: string, ranges: string[], scan_task?: string) =>
  queryOptions({
    queryKey: ["ranges", agent, scan_task ?? "new", ranges],
    queryFn: () => unwrap(client.POST("/scan-tasks/check", { body: { agent, ranges, scan_task } })),
    placeholderData: (previous) => previous,
    retry: false,
    staleTime: 0,
  });

const SITES = ["sites", "session", "places", "agents", "scan-tasks"];
const AGENTS = ["agents", "scan-tasks", "sites"];

function reread(keys: readonly string[]) {
  for (const key of keys) void queryClient.invalidateQueries({ queryKey: [key] });
}

/** Asks for something; what it may have changed is read anew. */
function ask<Answer extends Request | { request: Request }>(
  keys: readonly string[],
  call: () => Promise<Answer>,
): Promise<Answer> {
  return withStepUp(async () => {
    const answer = await call();
    keepRequest("request" in answer ? answer.request : answer);
    reread(keys);
    return answer;
  });
}
const at = (id: string) => ({ path: { id } });
/** Something as it was seen: a change of it undoes none that was not. */
type Seen = { id: string; etag: string };
const seen = ({ id, etag }: Seen) => ({ path: { id }, header: { "if-match": `"${etag}"` } });

export const createSite = (body: SiteAsk) => {
  const headers = idempotencyKey();
  return ask(SITES, () => unwrap(client.POST("/sites", { headers, body })));
};
export const changeSite = (of: Seen, body: SiteAsk) =>
  ask(SITES, () => unwrap(client.PUT("/sites/{id}", { params: seen(of), body })));
export const removeSite = (of: Seen, name: string) =>
  ask(SITES, () => unwrap(client.DELETE("/sites/{id}", { params: { ...seen(of), query: { name } } })));

export const createAgent = (site: string, name: string, reason?: string) =>
  ask(AGENTS, () => unwrap(client.POST("/agents", { body: { site, name, reason } })));
export const changeAgent = (of: Seen, body: AgentChange) =>
  ask(AGENTS, () => unwrap(client.PUT("/agents/{id}", { params: seen(of), body })));
export const reissueToken = (id: string) =>
  ask(AGENTS, () => unwrap(client.POST("/agents/{id}/token", { params: at(id), body: {} })));
export const revokeAgent = (of: Seen) =>
  ask(AGENTS, () => unwrap(client.DELETE("/agents/{id}", { params: seen(of) })));

export const createScanTask = (body: ScanTaskAsk) => {
  // What carries passwords cannot be repeated by its key.
  const headers = body.credentials ? undefined : idempotencyKey();
  return ask(AGENTS, () => unwrap(client.POST("/scan-tasks", { headers, body })));
};
export const changeScanTask = (of: Seen, body: ScanTaskChange) =>
  ask(AGENTS, () => unwrap(client.PUT("/scan-tasks/{id}", { params: seen(of), body })));
export const removeScanTask = (of: Seen) =>
  ask(AGENTS, () => unwrap(client.DELETE("/scan-tasks/{id}", { params: seen(of) })));

/** Runs at once, without a request. */
async function atOnce<Data>(call: Promise<Data>): Promise<Data> {
  const answer = await call;
  reread(["sites", ...placesQuery.queryKey]);
  return answer;
}
export const createContainer = (site: string, name: string) =>
  atOnce(unwrap(client.POST("/sites/{id}/containers", { params: at(site), body: { name } })));
export const renameContainer = (of: Seen, name: string) =>
  atOnce(unwrap(client.PUT("/containers/{id}", { params: seen(of), body: { name } })));
export const removeContainer = (of: Seen) =>
  atOnce(unwrap(client.DELETE("/containers/{id}", { params: seen(of) })));
export const createSubAccount = (name: string) =>
  atOnce(unwrap(client.POST("/sub-accounts", { body: { name } })));
export const renameSubAccount = (of: Seen, name: string) =>
  atOnce(unwrap(client.PUT("/sub-accounts/{id}", { params: seen(of), body: { name } })));
export const removeSubAccount = (of: Seen) =>
  ask(placesQuery.queryKey, () => unwrap(client.DELETE("/sub-accounts/{id}", { params: seen(of) })));

async function moved(request: Promise<Request>): Promise<Request> {
  const answer = await request;
  reread(["devices", ...placesQuery.queryKey]);
  return answer;
}
/** Where devices stand; null: in no container. */
export const placeDevices = (devices: string[], container: string | null, reason: string) =>
  moved(createRequest({ action: "place_devices", params: { devices, container } }, [], reason));
/** Whose devices are; null: nobody's in particular. */
export const assignDevices = (devices: string[], sub_account: string | null, reason: string) =>
  moved(createRequest({ action: "assign_devices", params: { devices, sub_account } }, [], reason));
/** With which agent devices are, of those that say so. */
export const moveDevices = (devices: string[], agent: string, reason: string) =>
  moved(createRequest({ action: "move_devices", params: { devices, agent } }, [], reason)).finally(() =>
    reread(["device-conflicts"]),
  );
/** Devices that two agents say they see, or that answer at two addresses. */
export const conflictsQuery = queryOptions({
  queryKey: ["device-conflicts"],
  queryFn: () => unwrap(client.GET("/device-conflicts")),
});
