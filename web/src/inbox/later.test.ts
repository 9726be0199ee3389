import { expect, test } from "vitest";
import { laters } from "./later";

const at = (text: string) => new Date(text).getTime();
const words = (now: string) => laters(at(now)).map((later) => later.word);

test("what is put off comes back in an hour, in four, or at the beginning of a shift", () => {
  // A Wednesday.
  expect(laters(at("2026-07-01T15:30:00")).map((later) => later.at)).toEqual([
    at("2026-07-01T16:30:00"),
    at("2026-07-01T19:30:00"),
    at("2026-07-02T08:00:00"),
    at("2026-07-06T08:00:00"),
  ]);
});

test("every choice lies ahead, and none is offered twice", () => {
  expect(words("2026-07-01T05:00:00")).toEqual(["In 1 hour", "In 4 hours", "This morning", "Monday morning"]);
  // On a Sunday afternoon tomorrow is Monday.
  expect(words("2026-07-05T15:00:00")).toEqual(["In 1 hour", "In 4 hours", "Tomorrow morning"]);
  for (let hour = 0; hour < 24 * 14; hour++) {
    const now = at("2026-07-01T00:00:00") + hour * 3_600_000;
    const all = laters(now).map((later) => later.at);
    expect(all.every((later) => later > now)).toBe(true);
    expect(new Set(all.map((later) => later)).size).toBeGreaterThanOrEqual(all.length - 1);
  }
});
