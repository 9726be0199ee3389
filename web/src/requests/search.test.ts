import { describe, expect, it } from "vitest";
import { filterOf, isFiltered, requestsSearch } from "./search";

describe("the address of the list of requests", () => {
  it("keeps every filter and drops what is none", () => {
    const all = {
      mine: true,
      state: "failed,pending",
      scenario: "fleet.mode",
      device: "dev-1",
      person: "usr-2",
      q: "low",
    };
    expect(requestsSearch(all)).toEqual({ ...all, state: "pending,failed" });
    expect(requestsSearch({ mine: "yes", state: "lost", scenario: "", device: null, q: 12, x: 1 })).toEqual({
      q: "12",
    });
  });

  it("is the question to the server, within the site that is chosen", () => {
    const search = requestsSearch({ mine: true, state: "failed", device: "dev-1" });
    expect(filterOf(search, "site-1")).toEqual({
      box: "mine",
      state: "failed",
      device: "dev-1",
      site: "site-1",
    });
    expect(filterOf({}, undefined)).toEqual({ box: "all" });
  });

  it("tells a filter from a tab", () => {
    expect(isFiltered({ mine: true })).toBe(false);
    expect(isFiltered({ person: "usr-1" })).toBe(true);
  });
});
