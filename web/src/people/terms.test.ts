import { describe, expect, it } from "vitest";
import type { Person } from "../api/account-types";
import { cautionsOf, found, incomplete, NO_TERMS, termsOf, toSend, ungivable } from "./terms";

const NOW = new Date("2026-11-01T12:00:00").getTime();
const SITE = { node: "site" as const, id: "site-1" };
const technician = { ...NO_TERMS, role: "technician" };

describe("the terms of a grant", () => {
  it("say only what was filled in", () => {
    expect(toSend(technician)).toEqual({ role: "technician", scope: "all" });
    expect(toSend({ ...technician, everywhere: false, nodes: [SITE], remark: " nights " })).toEqual({
      role: "technician",
      scope: { nodes: [SITE] },
      remark: "nights",
    });
  });

  it("reach everything with API access, whatever was ticked before", () => {
    const sent = toSend({ ...technician, everywhere: false, nodes: [SITE], api: "read_only" });
    expect(sent.scope).toBe("all");
    expect(sent.api_access).toBe("read_only");
  });

  it("need a role, somewhere to reach, and an end that lies ahead", () => {
    expect(incomplete(NO_TERMS, NOW)).not.toBe("");
    expect(incomplete(technician, NOW)).toBe("");
    expect(incomplete({ ...technician, everywhere: false }, NOW)).toContain("place");
    expect(incomplete({ ...technician, until: "2026-10-31" }, NOW)).toContain("past");
    expect(incomplete({ ...technician, until: "2026-11-01" }, NOW)).toBe("");
  });

  it("come back from a grant as they went", () => {
    const terms = {
      ...technician,
      everywhere: false,
      nodes: [SITE, { node: "sub_account" as const, id: "sub-1" }, { node: "group" as const, id: "grp-1" }],
      until: "2027-03-31",
      remark: "leave cover",
    };
    const { role, scope, remark, expires_at } = toSend(terms);
    const grant = {
      id: "grt-1",
      role,
      role_title: "Technician",
      scope,
      remark: remark ?? null,
      expires_at: expires_at ?? null,
      expired: false,
    };
    expect(termsOf({ ...grant, api_access: "none" })).toEqual(terms);
  });

  it("warn of a Viewer who sees every client's machines", () => {
    expect(cautionsOf({ ...NO_TERMS, role: "viewer" })).toHaveLength(1);
    expect(cautionsOf({ ...NO_TERMS, role: "viewer", everywhere: false, nodes: [SITE] })).toEqual([]);
    expect(cautionsOf({ ...NO_TERMS, role: "viewer", nodes: [SITE], api: "read_write" })).toHaveLength(2);
  });
});

describe("roles to give", () => {
  const technicians = { code: "technician", name: "Technician", built_in: true, permissions: ["a", "b"] };
  it("hold nothing that the giver does not hold, and are never Owner", () => {
    expect(ungivable(technicians, ["a", "b", "c"])).toBe("");
    expect(ungivable(technicians, ["a"])).toContain("1 permission");
    expect(ungivable({ ...technicians, code: "owner" }, ["a"])).not.toBe("");
  });
});

describe("people", () => {
  const person = (name: string, role: string, remark: string | null = null): Person => ({
    id: name,
    name,
    me: false,
    email: `${name.toLowerCase()}@mine.example`,
    grants: [
      {
        id: `grt-${name}`,
        role,
        role_title: role,
        scope: "all",
        remark,
        expires_at: null,
        expired: false,
        api_access: "none",
      },
    ],
    suspended: false,
    last_seen_at: null,
    opened: true,
    verified: true,
    second_factor: false,
  });
  const people = [
    person("Ada", "Owner"),
    person("Bo", "Technician", "night shift"),
    person("Cy", "Site Manager"),
  ];

  it("are found by name, address, remark and role", () => {
    const names = (text: string, role?: string) => found(people, text, role).map((each) => each.name);
    expect(names("")).toEqual(["Ada", "Bo", "Cy"]);
    expect(names("night tech")).toEqual(["Bo"]);
    expect(names("cy@")).toEqual(["Cy"]);
    expect(names("", "site_manager")).toEqual(["Cy"]);
    expect(names("ada", "Technician")).toEqual([]);
  });
});
