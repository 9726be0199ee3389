import { expect, it } from "vitest";
import { fits, moved } from "./palette";

it("finds what has every word, in whatever order and case", () => {
  expect(fits("AGENTS scan", "Agents & scans", null)).toBe(true);
  expect(fits("mira owner", "Mira", "mira@adit.test", "Owner")).toBe(true);
  expect(fits("mira viewer", "Mira", "Owner")).toBe(false);
});

it("goes round at the ends, and nowhere where there is nothing", () => {
  expect([moved(0, 1, 3), moved(2, 1, 3), moved(0, -1, 3), moved(0, 1, 0)]).toEqual([1, 0, 2, 0]);
});
