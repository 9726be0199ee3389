import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openStream, useLive } from "./live";

/** A stream that says what the test wants. */
class Stream extends EventTarget {
  static readonly CLOSED = 2;
  static all: Stream[] = [];
  readyState = 1;
  onopen = () => {};
  onerror = () => {};
  constructor(readonly url: string) {
    super();
    Stream.all.push(this);
  }
  close() {
    this.readyState = Stream.CLOSED;
  }
  say(name: string) {
    this.dispatchEvent(new MessageEvent(name, { data: "{}" }));
  }
}

let close: () => void;
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Stream);
  Stream.all = [];
  close = openStream("all");
  last().onopen();
});
afterEach(() => {
  close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const last = () => Stream.all.at(-1) as Stream;
/** How long the stream counts as broken, in ms; null while it is whole. */
const broken = () => {
  const { since } = useLive.getState();
  return since === null ? null : Date.now() - since;
};

it("is live while the server has nothing to tell but that it is there", () => {
  for (let beats = 0; beats < 20; beats++) {
    vi.advanceTimersByTime(2_000);
    last().say("beat");
    expect(broken()).toBeNull();
  }
  expect(Stream.all).toHaveLength(1);
});

it("notices within 5 s that the server hangs, and that it goes on", () => {
  vi.advanceTimersByTime(3_000);
  last().say("beat");
  vi.advanceTimersByTime(5_000);
  // Since it was last heard, not since that was noticed: the numbers on screen are that old.
  expect(broken()).toBe(5_000);
  last().say("beat");
  expect(broken()).toBeNull();
});

it("tries another stream when one has been silent for long, as one lost on the way is", () => {
  vi.advanceTimersByTime(16_000);
  expect(Stream.all).toHaveLength(2);
  expect(Stream.all[0]?.readyState).toBe(Stream.CLOSED);
  last().onopen();
  expect(broken()).toBeNull();
});
