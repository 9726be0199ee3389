// What a change of pools begins with, and what it comes to.
import type { Action, ChangeRow, PoolsNow } from "../api/types";

export interface Pool {
  url: string;
  user: string;
  /** As it is typed; nothing for none. Never one that was answered: none is. */
  password: string;
}

export const SLOTS = ["Pool", "First reserve", "Second reserve"];

/** Names that stand for something of each device, and what they stand for. */
export const NAMES: readonly [string, string][] = [
  ["{name}", "What the device is called, dev-42"],
  ["{ip}", "Its address, 10.1.2.3"],
  ["{ip3}", "The third number of its address"],
  ["{ip4}", "The fourth number of its address"],
  ["{mac}", "Its MAC address, 12 digits without colons"],
  ["{serial}", "Its serial number"],
  ["{position}", "The name of its container"],
  ["{sub_account}", "The name of its sub-account"],
];

/** What the form begins with: what all of them have, or the template that makes what they have; else nothing. */
export function startOf(now: PoolsNow): Pool[] {
  return SLOTS.map((_, slot) => {
    const pool = now.pools[slot];
    return { url: pool?.url.value ?? "", user: pool?.user.value ?? pool?.user.template ?? "", password: "" };
  });
}

/** What there is to say of what they have: that they differ, or that one template makes it. */
export function saidOf(now: PoolsNow, slot: number): string[] {
  const pool = now.pools[slot];
  if (!pool) return [];
  const differs = (what: string, kinds: number) => `They differ in ${what} now: there are ${kinds}.`;
  return [
    pool.url.kinds > 1 && differs("the address", pool.url.kinds),
    pool.user.kinds > 1 &&
      (pool.user.template
        ? `They have ${pool.user.kinds} worker names now, all of them made by ${pool.user.template}.`
        : differs("the worker name", pool.user.kinds)),
  ].filter((said) => said !== false);
}

/** What is asked for: the pools that have an address, in their order; nothing before each of them is whole. */
export function actionOf(pools: readonly Pool[]): Action | null {
  const given = pools
    .map(({ url, user, password }) => ({ url: url.trim(), user: user.trim(), password }))
    .filter(({ url, user, password }) => url !== "" || user !== "" || password !== "");
  const whole = given.length > 0 && given.every(({ url, user }) => url !== "" && user !== "");
  if (!whole) return null;
  const asked = given.map(({ password, ...pool }) => (password === "" ? pool : { ...pool, password }));
  return { action: "set_pools", params: { pools: asked } };
}

/** Do passwords go with it? Of what was answered nobody can send them again. */
export const hasPasswords = (action: Action): boolean =>
  action.action === "set_pools" && action.params.pools.some(({ password }) => password !== undefined);

/** What was answered, to be sent as an amendment: without what stands there for passwords. Pools that stay keep theirs. */
export function withoutPasswords(action: Action): Action {
  if (action.action !== "set_pools") return action;
  const pools = action.params.pools.map(({ url, user }) => ({ url, user }));
  return { action: "set_pools", params: { pools } };
}

export interface NamedUser {
  pool: string;
  device: string;
  old: string | null;
  next: string | null;
}

/** The names that devices would get, each from and to, as far as they were told; and how many there are of others. */
export function namesOf(rows: readonly ChangeRow[], most: number): { names: NamedUser[]; more: number } {
  const told = rows.flatMap((row) =>
    (row.users?.first ?? []).map((user) => ({
      pool: row.of ?? "",
      device: user.device,
      old: user.old,
      next: user.new,
    })),
  );
  const untold = rows.reduce((sum, row) => sum + (row.users?.more ?? 0), 0);
  return { names: told.slice(0, most), more: untold + Math.max(0, told.length - most) };
}

/** The text with a name where the cursor is, and where the cursor is then. */
export function withName(text: string, from: number, to: number, name: string) {
  return { text: text.slice(0, from) + name + text.slice(to), at: from + name.length };
}
