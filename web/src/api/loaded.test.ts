import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { loaded } from "./loaded";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("waits for a script as long as the server cannot be reached", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  const load = vi.fn().mockRejectedValueOnce(new Error("gone")).mockRejectedValueOnce(new Error("gone"));
  load.mockResolvedValue("the page");
  const page = loaded(load);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await page).toBe("the page");
  expect(load).toHaveBeenCalledTimes(3);
});

it("says so when the server answers and has no such script", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("")));
  await expect(loaded(() => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
});
