import { describe, expect, it } from "vitest";
import { weakness } from "./new-password";

describe("a new password", () => {
  it("has twelve characters, whatever they are", () => {
    expect(weakness("short")).toBe("7 more to go: at least 12.");
    expect(weakness("a b c d e f ")).toBe("");
    expect(weakness("⛏️ tief im berg ⛏️")).toBe("");
  });

  it("counts characters, not units of memory", () => {
    expect(weakness("😀😃😄😁😆😅🤣😂🙂🙃😉")).toBe("1 more to go: at least 12.");
  });

  it("fits into what the server takes", () => {
    expect(weakness("abcd".repeat(64))).toBe("");
    expect(weakness("abcd".repeat(64).concat("e"))).toContain("Too long");
  });

  it("is not one key held down, nor the person's or the company's name", () => {
    expect(weakness("aaaaaaaaaaaaaaaa")).toContain("Too few");
    expect(weakness("Northern-Light-2026", ["Northern Light"])).toContain("Easy to guess");
    expect(weakness("jane.doe.12345", ["jane.doe@mine.example"])).toContain("Easy to guess");
    expect(weakness("jane.doe.was.here", ["jane.doe@mine.example"])).toBe("");
  });
});
