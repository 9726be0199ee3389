import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type AllocationOf, allocationQuery } from "./money";

const MIDNIGHT = Date.UTC(2026, 6, 2);

beforeEach(() => vi.useFakeTimers({ now: MIDNIGHT - 30_000 }));
afterEach(() => vi.useRealTimers());

/** What the server answers: version 2 is to come until it is in force. */
function answer(inForce: boolean): AllocationOf {
  const version = (version: number, effective_from: number) => ({ version, effective_from, shares: [] });
  const [first, second] = [version(1, 0), version(2, MIDNIGHT)];
  const [current, coming] = inForce ? [second, null] : [first, second];
  return { sub_account: "sub-1", current, coming, waits: null, masked: false, versions: [second, first] };
}

/** Somebody looks at the page; `starts` is when the day begins on the server. */
function look(starts: number) {
  const ask = vi.fn(async () => answer(Date.now() >= starts));
  const client = new QueryClient();
  const observer = new QueryObserver(client, { ...allocationQuery("sub-1"), queryFn: ask });
  const stop = observer.subscribe(() => {});
  const version = () => observer.getCurrentResult().data?.current.version;
  return { ask, version, stop };
}

it("what is to come is in force at midnight on the page that is open, and is then asked for no more", async () => {
  const { ask, version, stop } = look(MIDNIGHT);
  await vi.advanceTimersByTimeAsync(29_000);
  expect([version(), ask.mock.calls.length]).toEqual([1, 1]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([version(), ask.mock.calls.length]).toEqual([2, 2]);
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(ask).toHaveBeenCalledTimes(2);
  stop();
});

it("it is asked for again until the server's day has begun, too", async () => {
  const { ask, version, stop } = look(MIDNIGHT + 2_500);
  await vi.advanceTimersByTimeAsync(32_000);
  expect(version()).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([version(), ask.mock.calls.length]).toEqual([2, 5]);
  stop();
});
