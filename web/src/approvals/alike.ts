import type { RequestSummary } from "../api/types";

/** Kinds whose effect ends with the next order, so that one look at their sum is enough. Pools decide whose money it is. */
const LIGHT = ["fleet.led", "fleet.mode", "fleet.power"];
/** Most that are looked at and decided together. */
const MOST = 20;

/** What may be approved together with a request, itself included: one action, one site, and each waits for this person. */
export function alike(
  items: readonly RequestSummary[],
  chosen: RequestSummary | undefined,
): RequestSummary[] {
  if (!chosen || !LIGHT.includes(chosen.scenario) || chosen.site === null) return [];
  const action = JSON.stringify(chosen.action);
  const same = items.filter(
    (item) =>
      item.my.can_vote &&
      item.state === "pending" &&
      item.site === chosen.site &&
      JSON.stringify(item.action) === action,
  );
  return same.includes(chosen) && same.length > 1 ? same.slice(0, MOST) : [];
}
