import { describe, expect, it } from "vitest";
import { policy } from "../testing/fixtures";
import { changesOf, chosenFor, fitting, isTooHigh } from "./lowering";

describe("counts that come down", () => {
  const three = policy({ scenario: "fleet.mode", version: 2, required: 3, available: 2 });
  const two = policy({ scenario: "fleet.power", version: 1, required: 2, available: 2 });

  it("fit the approvers that are left", () => {
    expect(isTooHigh(three)).toBe(true);
    expect(fitting(three)).toEqual({ required: 2, required_other: 0 });
    expect(isTooHigh(two)).toBe(false);
    const alone = policy({ required: 2, available: 2, initiator_counts: false });
    expect(isTooHigh(alone)).toBe(true);
    expect(fitting(alone).required).toBe(1);
    expect(fitting(policy({ required: 2, available: 0 })).required).toBe(1);
  });

  it("by others are too high where somebody chose them, not as they ship", () => {
    const shipped = policy({ version: 0, required: 1, required_other: 1, available: 1 });
    expect(isTooHigh(shipped)).toBe(false);
    expect(isTooHigh({ ...shipped, version: 1 })).toBe(true);
    expect(fitting({ ...shipped, version: 1 })).toEqual({ required: 1, required_other: 0 });
  });

  it("never go above what fits, whatever was chosen before somebody more was named", () => {
    const chosen = { "fleet.mode": { required: 3, required_other: 0 } };
    expect(chosenFor(three, chosen).required).toBe(2);
    expect(chosenFor({ ...three, available: 1 }, chosen).required).toBe(1);
    expect(chosenFor(two, {})).toEqual({ required: 2, required_other: 0 });
  });

  it("are sent with a removal where they are too high or lowered", () => {
    const both = [three, two];
    const must = { scenario: "fleet.mode", required: 2, required_other: 0 };
    expect(changesOf(both, {})).toEqual([must]);
    const lower = { "fleet.power": { required: 1, required_other: 0 } };
    expect(changesOf(both, lower)).toEqual([
      must,
      { scenario: "fleet.power", required: 1, required_other: 0 },
    ]);
  });
});
