import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endingOf } from "./ending";

const invalid = (reason: string) => endingOf({ state: "invalidated", state_reason: reason });

describe("why a request ended", () => {
  it("is a sentence that says what to do", () => {
    expect(invalid("stale_base")).toEqual({
      title: "No longer valid: what it would change was changed meanwhile",
      advice: expect.stringMatching(/ask again if it is still wanted\. Nothing of it was carried out\.$/),
    });
    expect(invalid("unsatisfiable")?.advice).toMatch(/^Only those count .* today’s approvers decide\./);
  });

  it("has a sentence for every code that the engine ends a request with", () => {
    const engine = readFileSync(
      join(import.meta.dirname, "../../../crates/core/src/requests/settle.rs"),
      "utf8",
    );
    const codes = [...engine.matchAll(/(?:Some|Never)\("([a-z_]+)"\)/g)].map(([, code]) => code ?? "");
    expect(codes).toContain("initiator_unauthorized");
    for (const code of codes.filter((each) => each !== "expired"))
      expect(invalid(code)?.advice, code).not.toContain(code);
  });

  it("names a code that it does not know, and says no nonsense of it", () => {
    expect(invalid("moon_phase")?.title).toBe("No longer valid: it no longer fits how things are");
    expect(invalid("moon_phase")?.advice).toContain("“moon_phase”");
  });

  it("leaves people’s words as they wrote them", () => {
    const said = "not_now: ask stale_base again\nafter the audit";
    expect(endingOf({ state: "rejected", state_reason: said })).toEqual({ title: "Rejected", words: said });
    expect(endingOf({ state: "cancelled", state_reason: "stale_base" })).toEqual({
      title: "Cancelled",
      words: "stale_base",
    });
  });

  it("is not said where there is nothing to say", () => {
    expect(endingOf({ state: "executed", state_reason: null })).toBeNull();
  });
});
