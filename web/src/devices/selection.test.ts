import { describe, expect, it } from "vitest";
import { device } from "../testing/fixtures";
import { addIds, addRange, bySite, summary, toggle } from "./selection";

const rows = [
  device("dev-1"),
  device("dev-2", { power_w: null }),
  device("dev-3", { site: "site-2", power_w: 500 }),
  device("dev-4"),
];
const none = new Map();

describe("selecting devices", () => {
  it("toggles one without touching the selection it started from", () => {
    const [first] = rows;
    if (!first) throw new Error("no rows");
    const one = toggle(none, first);
    expect([...one.keys()]).toEqual(["dev-1"]);
    expect(toggle(one, first).size).toBe(0);
    expect(one.size).toBe(1);
  });

  it("adds a range in either direction", () => {
    expect([...addRange(none, rows, "dev-2", "dev-4").keys()]).toEqual(["dev-2", "dev-3", "dev-4"]);
    expect([...addRange(none, rows, "dev-4", "dev-2").keys()]).toEqual(["dev-2", "dev-3", "dev-4"]);
  });

  it("adds only the end when the anchor is gone, nothing when the end is", () => {
    expect([...addRange(none, rows, "gone", "dev-2").keys()]).toEqual(["dev-2"]);
    expect(addRange(none, rows, "dev-1", "gone")).toBe(none);
  });

  it("adds what was never seen with its power unknown", () => {
    const seen = new Map(rows.map((row) => [row.id, row]));
    const picks = addIds(none, ["dev-1", "dev-900"], "site-1", seen);
    expect(summary(picks)).toEqual({ count: 2, watts: 3000, known: 1 });
  });

  it("sums the known power and sorts ids by site", () => {
    const picks = addRange(none, rows, "dev-1", "dev-4");
    expect(summary(picks)).toEqual({ count: 4, watts: 6500, known: 3 });
    expect(bySite(picks)).toEqual(
      new Map([
        ["site-1", ["dev-1", "dev-2", "dev-4"]],
        ["site-2", ["dev-3"]],
      ]),
    );
  });
});
