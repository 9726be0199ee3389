// Accounts of a person: which one the session acts for, whose an account is to be, and its end.
import { queryOptions } from "@tanstack/react-query";
import { client, setCsrf, unwrap, withStepUp } from "./client";
import { keepRequest } from "./mutations";
import { ask } from "./people";
import { queryClient } from "./query";
import type { components } from "./schema";
import { enter, recheckSession } from "./session";
import type { Request, Session } from "./types";

export type Offer = NonNullable<Session["ownership_offer"]>;

/** Works without a role on the account the session is at. */
export const accountsQuery = queryOptions({
  queryKey: ["accounts"],
  queryFn: async () => {
    const list = await unwrap(client.GET("/session/accounts"));
    setCsrf(list.csrf);
    return list;
  },
  retry: false,
});

export type AccountRef = Session["accounts"][number];

/** Takes nothing of what one was given on an account that one has never opened. */
export async function declineAccount(id: string) {
  await unwrap(client.DELETE("/session/accounts/{id}", { params: { path: { id } } }));
  void queryClient.invalidateQueries({ queryKey: accountsQuery.queryKey });
  await recheckSession();
}

/** Acts for another account from now on; the page starts anew, as nothing of the one before may stay. */
export async function chooseAccount(id: string, page = "/") {
  enter(await unwrap(client.POST("/session/account", { body: { account: id } })));
  location.assign(page);
}

export type PanelAccount = components["schemas"]["PanelAccount"];
/** Accounts and sub-accounts of this person: what others share may change at any time, and no frame tells of it. */
export const panelQuery = queryOptions({
  queryKey: ["panel"],
  queryFn: () => unwrap(client.GET("/me/panel")),
  staleTime: 0,
});

export async function foundAccount(name: string) {
  enter(await withStepUp(() => unwrap(client.POST("/accounts", { body: { name } }))));
  location.assign("/");
}

/** The transfer of ownership that is under way, or null. */
export const openTransferQuery = queryOptions({
  queryKey: ["transfer"],
  queryFn: async () => {
    for (const state of ["pending", "approved"] as const) {
      const page = await unwrap(
        client.GET("/requests", { params: { query: { box: "all", state, limit: 200 } } }),
      );
      const found = page.items.find((request) => request.action.action === "transfer_ownership");
      if (found) return found;
    }
    return null;
  },
});

export const offerOwnership = (to: string) =>
  // Afterwards the Owner of until then is an Administrator.
  ask({ action: "transfer_ownership", params: { to } });

export async function answerOffer(offer: Offer, accept: boolean, comment: string) {
  const body = { accept, content_hash: offer.content_hash, ...(comment && { comment }) };
  const params = { path: { id: offer.request } };
  const request = await withStepUp(() => unwrap(client.POST("/requests/{id}/answer", { params, body })));
  return settled(request);
}

export async function renameAccount(name: string) {
  enter(await unwrap(client.PUT("/account", { body: { name } })));
}

export async function deleteAccount(name: string) {
  return settled(await withStepUp(() => unwrap(client.POST("/account/deletion", { body: { name } }))));
}
export async function keepAccount() {
  return settled(await withStepUp(() => unwrap(client.DELETE("/account/deletion"))));
}

/** Frozen, nothing is carried out on the account. */
export const freezeAccount = (on: boolean) =>
  ask({ action: on ? "freeze_account" : "unfreeze_account", params: {} });

async function settled(answered: Request | undefined) {
  const request = keepRequest(answered);
  await recheckSession();
  void queryClient.invalidateQueries({ queryKey: ["overview"] });
  return request;
}
