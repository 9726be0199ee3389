import { describe, expect, it } from "vitest";
import { device, item, request } from "../testing/fixtures";
import { mergeDevicePages, mergeItems, mergeSummary, type SeenPage, seen, standing } from "./merge";

const page = (...ids: string[]): SeenPage => ({
  items: ids.map((id) => seen(device(id), 1_000)),
  total: ids.length,
  next_cursor: null,
  facets: { status: {}, connectivity: {}, activity: {}, model: {} },
  as_of: 1_000,
});

describe("device frames", () => {
  const data = { pages: [page("dev-1", "dev-2"), page("dev-3")], pageParams: [undefined, "2"] };

  it("change the named row and nothing else", () => {
    const merged = mergeDevicePages(data, [{ id: "dev-2", power_w: 18, status: "sleeping" }], 2_000, 2_000);
    expect(merged.pages[0]?.items[1]).toMatchObject({
      id: "dev-2",
      power_w: 18,
      status: "sleeping",
      hashrate_ths: 100,
    });
    expect(merged.pages[0]?.items[0]).toBe(data.pages[0]?.items[0]);
    expect(merged.pages[1]).toBe(data.pages[1]);
    expect(merged.pages[0]?.as_of).toBe(2_000);
  });

  it("about rows that are not loaded change nothing at all", () => {
    expect(mergeDevicePages(data, [{ id: "dev-9", power_w: 1 }], 2_000, 2_000)).toBe(data);
  });

  it("set the moment of measuring only when they bring a new age", () => {
    const patched = mergeDevicePages(data, [{ id: "dev-1", in_draft: true }], 9_000, 9_000);
    expect(patched.pages[0]?.items[0]).toMatchObject({ seen_at: 1_000, told_at: 1_000 });
    const measured = mergeDevicePages(data, [{ id: "dev-1", age_ms: 500, seen_age_ms: 500 }], 9_000, 9_000);
    expect(measured.pages[0]?.items[0]).toMatchObject({ seen_at: 8_500, told_at: 8_500 });
    const refused = mergeDevicePages(data, [{ id: "dev-1", age_ms: 8_000, seen_age_ms: 0 }], 9_000, 9_000);
    expect(refused.pages[0]?.items[0]).toMatchObject({ seen_at: 9_000, told_at: 1_000 });
  });
});

describe("item frames", () => {
  it("replace by index, add what is new and keep the order", () => {
    const merged = mergeItems(
      [item(0, "queued"), item(2, "queued")],
      [item(2, "verified"), item(1, "failed")],
    );
    expect(merged.map(({ index, state }) => [index, state])).toEqual([
      [0, "queued"],
      [1, "failed"],
      [2, "verified"],
    ]);
  });

  it("that are older than what is known are left out", () => {
    const known = [item(0, "verified", { at: 20 })];
    expect(mergeItems(known, [item(0, "dispatched", { at: 10 })])[0]?.state).toBe("verified");
    expect(mergeItems(known, [item(0, "failed", { at: 30 })])[0]?.state).toBe("failed");
  });
});

describe("request frames", () => {
  it("replace the summary where it is listed", () => {
    const other = request({ id: "other" });
    const { items, found } = mergeSummary([other, request()], request({ state: "executing" }));
    expect(found).toBe(true);
    expect(items[0]).toBe(other);
    expect(items[1]?.state).toBe("executing");
    expect(mergeSummary([other], request()).found).toBe(false);
  });

  it("move a request to another list by state or votes, not by progress", () => {
    const running = request({ state: "executing", progress: { done: 1, ok: 1, failed: 0, total: 9 } });
    expect(standing({ ...running, progress: { done: 2, ok: 2, failed: 0, total: 9 } })).toBe(
      standing(running),
    );
    expect(standing({ ...running, state: "executed" })).not.toBe(standing(running));
    expect(standing(request({ targets: 1 }))).not.toBe(standing(request()));
  });
});
