import { describe, expect, it } from "vitest";
import { device } from "../testing/fixtures";
import { activityText, connectivityText, levelsText } from "./levels";

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
