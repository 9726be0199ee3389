import { describe, expect, it } from "vitest";
import { device } from "../testing/fixtures";
import { activityText, connectivityText, leftOutLines, levelsText } from "./levels";

describe("the two levels", () => {
  const unknown = device("dev-1", {
    connectivity: { value: "unknown", reason: "agent_gone", since: 60_000 },
    activity: { value: null, reason: null, since: 0 },
    last_activity: "mining",
  });

  it("say the reason where there is one", () => {
    expect(connectivityText(device("dev-1"))).toBe("Online");
    expect(connectivityText(unknown)).toBe("Unknown: nothing is heard of its agent");
    const paused = device("dev-1", { activity: { value: "paused", reason: "unasked", since: 0 } });
    expect(activityText(paused)).toBe("Paused: nobody asked for it here");
  });

  it("say what was known last of a device that is not online", () => {
    expect(levelsText(unknown, 120_000)).toBe(
      "Unknown: nothing is heard of its agent, since 1 min ago\nNot known, last mining",
    );
    expect(activityText({ ...unknown, last_activity: null })).toBe("Not known");
  });
});

describe("what the sums lack", () => {
  it("is told with how many and why", () => {
    const of = (reason: "overdue" | "busy", devices: number) => ({
      reason,
      devices,
      power_w: 3_000 * devices,
      hashrate_ths: 0,
    });
    const left_out = { devices: 3, power_w: 9_000, hashrate_ths: 0, why: [of("overdue", 2), of("busy", 1)] };
    expect(leftOutLines(left_out)).toEqual([
      "Without 3 devices, 9.00 kW when last known",
      "2 devices: no news for more than two and a half polls",
      "1 device: an order runs on it and it does not answer",
    ]);
    expect(leftOutLines({ devices: 0, power_w: 0, hashrate_ths: 0, why: [] })).toEqual([]);
  });
});
