// Foreseeing changes of the rules, talking about requests, and the account as it was.
import { queryOptions } from "@tanstack/react-query";
import { client, unwrap, withStepUp } from "./client";
import { createRequest, keepRequest } from "./mutations";
import { queryClient } from "./query";
import type { components } from "./schema";
import { recheckSession } from "./session";

type Schemas = components["schemas"];
export type Safeguards = Schemas["Safeguards"];
export type Supposition = Schemas["Supposition"];
export type Forecast = Schemas["Forecast"];
export type Preset = Schemas["Preset"];
export type AsOf = Schemas["AsOf"];

export const presetsQuery = queryOptions({
  queryKey: ["policies", "presets"],
  queryFn: () => unwrap(client.GET("/approval-policies/presets")),
});

/** What would be; nothing is changed. */
export const forecastQuery = (supposed: Supposition) =>
  queryOptions({
    queryKey: ["policies", "forecast", supposed],
    queryFn: () => unwrap(client.POST("/approval-policies/simulate", { body: supposed })),
    placeholderData: (previous) => previous,
    retry: false,
  });

export async function changeSafeguards(safeguards: Safeguards, reason: string) {
  const request = await createRequest({ action: "set_safeguards", params: { ...safeguards } }, [], reason);
  void queryClient.invalidateQueries({ queryKey: ["policies"] });
  return request;
}

export async function requireSecondFactor(on: boolean, reason: string) {
  const request = await createRequest({ action: "set_second_factor_required", params: { on } }, [], reason);
  void queryClient.invalidateQueries({ queryKey: ["policies"] });
  await recheckSession();
  return request;
}

/** The recovery that is under way, or null. Nothing tells of its end: it is asked for anew each time. */
export const openRecoveryQuery = queryOptions({
  queryKey: ["recovery"],
  queryFn: async () => {
    const query = {
      box: "all",
      scenario: "governance.recover",
      state: "pending,approved",
      limit: 1,
    } as const;
    const page = await unwrap(client.GET("/requests", { params: { query } }));
    return page.items[0] ?? null;
  },
  staleTime: 0,
});

export async function startRecovery(remove: string[], reason: string) {
  const request = await createRequest({ action: "recover", params: { remove } }, [], reason);
  void queryClient.invalidateQueries({ queryKey: openRecoveryQuery.queryKey });
  return request;
}

export async function comment(id: string, words: string) {
  return keepRequest(
    await unwrap(client.POST("/requests/{id}/comments", { params: { path: { id } }, body: { words } })),
  );
}

export function closeReview(id: string, words: string) {
  return withStepUp(async () =>
    keepRequest(
      await unwrap(client.POST("/requests/{id}/review", { params: { path: { id } }, body: { words } })),
    ),
  );
}

export const asOfQuery = (when: { seq?: number; at?: number }) =>
  queryOptions({
    queryKey: ["as-of", when],
    queryFn: () => unwrap(client.GET("/audit/as-of", { params: { query: when } })),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
