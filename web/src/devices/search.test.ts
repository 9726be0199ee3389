import { describe, expect, it } from "vitest";
import { approvalsSearch } from "../approvals/search";
import { auditSearch, dayRange } from "../audit/search";
import { deviceSearch, filterOf, isFiltered, toggled } from "./search";

describe("the address of the device list", () => {
  it("keeps what it knows and drops the rest", () => {
    expect(
      deviceSearch({
        q: 42,
        status: "error,offline",
        power_min: 100,
        temp_max: "hot",
        sort: "rm -rf",
        order: "up",
        x: 1,
      }),
    ).toEqual({ q: "42", status: "error,offline", power_min: 100 });
    expect(deviceSearch({ sort: "power", order: "desc" })).toEqual({ sort: "power", order: "desc" });
  });

  it("asks the server for all but the open device", () => {
    expect(filterOf({ q: "s19", device: "dev-1" })).toEqual({ q: "s19" });
  });

  it("is filtered by filters, not by order", () => {
    expect(isFiltered({ sort: "power", order: "desc", device: "dev-1" })).toBe(false);
    expect(isFiltered({ power_max: 0 })).toBe(true);
  });

  it("switches one value of a list", () => {
    expect(toggled(undefined, "error")).toBe("error");
    expect(toggled("error", "offline")).toBe("error,offline");
    expect(toggled("error,offline", "error")).toBe("offline");
    expect(toggled("error", "error")).toBeUndefined();
  });
});

describe("other addresses", () => {
  it("keep only known tabs", () => {
    expect(approvalsSearch({ tab: "mine", request: "01J" })).toEqual({ tab: "mine", request: "01J" });
    expect(approvalsSearch({ tab: "theirs", request: 1 })).toEqual({});
  });

  it("keep only days as days, and ask for whole ones", () => {
    expect(auditSearch({ q: "x", from: "2026-01-02", to: "soon" })).toEqual({ q: "x", from: "2026-01-02" });
    const { from, to } = dayRange("2026-01-02", "2026-01-02");
    expect((to ?? 0) - (from ?? 0)).toBe(86_400_000);
    expect(dayRange()).toEqual({});
  });
});
