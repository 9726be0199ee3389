import { describe, expect, it } from "vitest";
import { completed, difference, freeName, neededBy } from "./edit";

describe("a role's permissions", () => {
  it("bring along what must be seen to use them", () => {
    expect(completed([])).toEqual([]);
    expect(completed(["device.reboot"])).toEqual([
      "dashboard.view",
      "device.list",
      "device.reboot",
      "device.view",
    ]);
    expect(completed(["wallet.change"])).toContain("wallet.view");
  });

  it("say for whose sake one has to stay", () => {
    expect(neededBy("device.view", ["device.reboot", "device.view"])).toBe("device.reboot");
    expect(neededBy("device.reboot", ["device.view", "device.reboot"])).toBeNull();
    expect(neededBy("user.view", ["user.view"])).toBeNull();
    expect(neededBy("device.view", ["device.list", "device.view", "device.events.view"])).toBeNull();
  });

  it("differ by what is added and what is taken away", () => {
    expect(difference(["a", "b"], ["b", "c"])).toEqual({ added: ["c"], taken: ["a"] });
  });
});

it("a copy gets a name that no role has", () => {
  const role = (name: string) => ({ code: name, name, built_in: false, permissions: [] });
  expect(freeName("Viewer", [role("Viewer")])).toBe("Viewer 2");
  expect(freeName("Viewer", [role("Viewer"), role("viewer 2")])).toBe("Viewer 3");
});
