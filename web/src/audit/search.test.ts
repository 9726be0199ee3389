import { expect, test } from "vitest";
import { asOfSearch, auditSearch } from "./search";

test("the address of the log keeps its filters and nothing else", () => {
  expect(
    auditSearch({ q: "a", object: "dev-3", request: 12, from: "2026-01-02", to: "x", other: 1 }),
  ).toEqual({
    q: "a",
    object: "dev-3",
    request: "12",
    from: "2026-01-02",
  });
});

test("a record or a moment, never both", () => {
  expect(asOfSearch({ seq: 7, at: "2026-01-02T03:04" })).toEqual({ seq: 7 });
  expect(asOfSearch({ seq: -1, at: "2026-01-02T03:04" })).toEqual({ at: "2026-01-02T03:04" });
  expect(asOfSearch({ at: "yesterday" })).toEqual({});
});
