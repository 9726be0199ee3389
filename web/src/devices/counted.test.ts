import { describe, expect, it } from "vitest";
import type { Overview } from "../api/types";
import { countedAs } from "./counted";

const header = {
  devices: {
    hashing: 7,
    starting: 0,
    degraded: 0,
    error: 1,
    offline: 0,
    sleeping: 2,
    maintenance: 0,
    unknown: 0,
    total: 10,
  },
} as Overview;
/** As counted a moment before. */
const page = {
  total: 10,
  facets: { status: { hashing: 8, sleeping: 2 }, connectivity: {}, activity: {}, model: { S19: 10 } },
};

describe("the counts beside the filters", () => {
  it("are the header's where they are of the same devices", () => {
    const counted = countedAs(header, { sort: "power" }, page);
    expect(counted?.total).toBe(10);
    expect(counted?.facets.status).toMatchObject({ hashing: 7, error: 1 });
    expect(counted?.facets.model).toEqual({ S19: 10 });
    expect(countedAs(header, { status: "error,sleeping" }, page)?.total).toBe(3);
  });

  it("are the list's own where it is of others", () => {
    expect(countedAs(header, { q: "s19" }, page)).toBe(page);
    expect(countedAs(undefined, {}, page)).toBe(page);
    const fewer = { ...page, facets: { ...page.facets, status: { hashing: 3 } } };
    expect(countedAs(header, {}, fewer)).toBe(fewer);
  });
});
