// The two levels of a device's status in words: whether it can be reached, and what it does, each with its reason.
import type { DeviceRow, Overview } from "../api/types";
import { ago, plural, power, words } from "../ui/format";

export type Connectivity = DeviceRow["connectivity"]["value"];
export type Activity = NonNullable<DeviceRow["activity"]["value"]>;

export const CONNECTIVITIES: Record<Connectivity, string> = {
  online: "Online",
  unreachable: "Unreachable",
  auth_required: "Password refused",
  unknown: "Unknown",
};

/** As the filter has them: `unknown` is what is not online, or does not say. */
export const ACTIVITIES: Record<Activity | "unknown", string> = {
  mining: "Mining",
  starting: "Starting",
  rebooting: "Rebooting",
  paused: "Paused",
  stopped: "Stopped",
  failed: "Failed",
  no_pool: "No pool",
  unknown: "Not known",
};

const CONNECTIVITY_REASONS: Record<NonNullable<DeviceRow["connectivity"]["reason"]>, string> = {
  never_read: "not read yet",
  not_restored: "not read since the server's start, and what was known before is lost",
  agent_paused: "its agent is paused",
  agent_gone: "nothing is heard of its agent",
  not_polled: "nobody polls it",
  agent_late: "its agent does not get round to it",
  busy: "an order runs on it and it does not answer",
  wrong_password: "none of the known passwords is right",
  timeout: "no answer in time",
  refused: "nothing listens on its port",
  no_route: "no way to its address",
  other_device: "another device answers at its address",
};

const ACTIVITY_REASONS: Record<NonNullable<DeviceRow["activity"]["reason"]>, string> = {
  request: "asked for here",
  unexplained: "nobody asked for it here",
  says_paused: "although it says that it is paused",
  user: "asked for here",
  unasked: "nobody asked for it here",
  draws_power: "by its own word, and it draws power as if it worked",
  boot: "not up ten minutes after its start",
  fault: "it does not hash and reports a fault",
  dead: "none of its pools answers",
  none_set: "no pool is set",
};

const LEFT_OUT_REASONS: Record<Overview["left_out"]["why"][number]["reason"], string> = {
  ...CONNECTIVITY_REASONS,
  overdue: "no news for more than two and a half polls",
};

/** What the header's sums lack, and why, a line each: "Without 3 devices, 9 kW when last known" first. */
export function leftOutLines({ devices, power_w, why }: Overview["left_out"]): string[] {
  if (devices === 0) return [];
  const reasons = why.map((one) => `${plural(one.devices, "device")}: ${LEFT_OUT_REASONS[one.reason]}`);
  return [`Without ${plural(devices, "device")}, ${power(power_w)} when last known`, ...reasons];
}

/** "Unreachable: no answer in time". */
export function connectivityText({ connectivity }: Pick<DeviceRow, "connectivity">): string {
  const { value, reason } = connectivity;
  return reason ? `${CONNECTIVITIES[value]}: ${CONNECTIVITY_REASONS[reason]}` : CONNECTIVITIES[value];
}

/** "Paused: nobody asked for it here"; of a device that is not online what it did last. */
export function activityText({
  activity,
  last_activity,
}: Pick<DeviceRow, "activity" | "last_activity">): string {
  const { value, reason } = activity;
  if (value === null)
    return last_activity ? `Not known, last ${words(last_activity).toLowerCase()}` : "Not known";
  return reason ? `${ACTIVITIES[value]}: ${ACTIVITY_REASONS[reason]}` : ACTIVITIES[value];
}

/** Both, with since when, on two lines. */
export function levelsText(
  row: Pick<DeviceRow, "connectivity" | "activity" | "last_activity">,
  now: number,
): string {
  const lines = [`${connectivityText(row)}, since ${ago(row.connectivity.since, now)}`];
  lines.push(
    row.activity.value === null
      ? activityText(row)
      : `${activityText(row)}, since ${ago(row.activity.since, now)}`,
  );
  return lines.join("\n");
}
