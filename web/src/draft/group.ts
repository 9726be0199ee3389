import type { TargetRef } from "../api/types";

/** How many devices of each model, the largest group first. */
export function byModel(targets: readonly TargetRef[]): [string, number][] {
  const groups = new Map<string, number>();
  for (const { model } of targets) groups.set(model, (groups.get(model) ?? 0) + 1);
  return [...groups].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}
