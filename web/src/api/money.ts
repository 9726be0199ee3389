// Where a sub-account's money goes. It is changed by requests alone.
import { queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { amendRequest, createRequest } from "./mutations";
import { queryClient } from "./query";
import type { components } from "./schema";
import type { Action } from "./types";

type Schemas = components["schemas"];
export type WalletOf = Schemas["WalletOf"];
export type Wallet = Schemas["Wallet"];
export type Due = Schemas["Due"];
export type AllocationOf = Schemas["AllocationOf"];
export type Allocation = Schemas["Allocation"];
export type Share = Schemas["Share"];
export type MoneyRequest = Schemas["MoneyRequest"];

const at = (id: string) => ({ params: { path: { id } } });

export const walletQuery = (id: string) =>
  queryOptions({
    queryKey: ["money", id, "wallet"],
    queryFn: () => unwrap(client.GET("/sub-accounts/{id}/wallet", at(id))),
    // Days are settled, and allocations come into force, without a frame that tells of it.
    refetchOnMount: "always",
  });
export const allocationQuery = (id: string) =>
  queryOptions({
    queryKey: ["money", id, "allocation"],
    queryFn: () => unwrap(client.GET("/sub-accounts/{id}/allocation", at(id))),
    refetchOnMount: "always",
    refetchInterval: ({ state }) => untilInForce(state.data?.coming ?? null),
    refetchIntervalInBackground: true,
  });

/** Where the day has begun here and not yet on the server, whose clock counts. */
const AGAIN_MS = 1_000;

/** How long until what is to come is in force; false if nothing is. */
function untilInForce(coming: Allocation | null): number | false {
  if (coming === null) return false;
  const left = coming.effective_from - Date.now();
  return left > 0 ? left : AGAIN_MS;
}

export const walletChange = (sub_account: string, address: string): Action => ({
  action: "set_wallet",
  params: { sub_account, address },
});
export const allocationChange = (sub_account: string, shares: Share[]): Action => ({
  action: "set_allocation",
  params: { sub_account, shares },
});

/** `amends`: in the place of that request, which waits. */
export async function changeMoney(action: Action, reason: string, amends?: string) {
  const request = await (amends
    ? amendRequest(amends, action, [], reason)
    : createRequest(action, [], reason));
  await queryClient.invalidateQueries({ queryKey: ["money"] });
  return request;
}
