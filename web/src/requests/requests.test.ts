import { describe, expect, it } from "vitest";
import { alike } from "../approvals/alike";
import { byModel } from "../draft/group";
import { cautions } from "../policies/cautions";
import { change, item, policy, request } from "../testing/fixtures";
import { choicesOf } from "./choices";
import { inverseOf } from "./inverse";
import { doneTargets, failedTargets, powerText, tally, toCsv } from "./items";
import { advice, fellShort, missedOf, shortfall } from "./missed";
import { basisText, measuredText, phasesOf, runText, type Standstill, votesText } from "./phases";

describe("results", () => {
  const items = [
    item(0, "verified"),
    item(1, "failed"),
    item(2, "timed_out"),
    item(3, "unknown"),
    item(4, "dropped"),
  ];

  it("are counted by what they mean", () => {
    expect(tally(items)).toEqual({ waiting: 0, running: 0, ok: 1, failed: 2, unsure: 1, left: 1 });
  });

  it("are tried again only where nothing can have happened twice unseen", () => {
    expect(failedTargets(items)).toEqual(["dev-1", "dev-2"]);
  });

  it("are written as a table no spreadsheet runs", () => {
    const csv = toCsv([
      item(0, "failed", { message: '=HYPERLINK("x"), twice', at: 0, power_before_w: 3000 }),
    ]);
    const [head, line] = csv.split("\r\n");
    expect(head).toBe("device,name,model,ip,state,message,at,power_before_w,power_after_w");
    expect(line).toBe(
      `dev-0,dev-0,Antminer S19,10.0.0.1,failed,"'=HYPERLINK(""x""), twice",1970-01-01T00:00:00.000Z,3000,`,
    );
  });
});

describe("the inverse of an action", () => {
  const from = (...modes: string[]) =>
    modes.map((mode) => change({ old: mode === "not known" ? null : mode }));

  it("is what puts devices back to where all of them were", () => {
    const low = { action: "set_power_mode", params: { mode: "low" } } as const;
    expect(inverseOf(low, from("normal"))).toEqual({ action: "set_power_mode", params: { mode: "normal" } });
    expect(inverseOf({ action: "locate", params: { on: true } }, [])).toEqual({
      action: "locate",
      params: { on: false },
    });
    expect(doneTargets([item(0, "verified"), item(1, "failed"), item(2, "unknown")])).toEqual(["dev-0"]);
  });

  it("is not offered where they were in several modes, in none that is known, or where nothing undoes it", () => {
    const low = { action: "set_power_mode", params: { mode: "low" } } as const;
    expect(inverseOf(low, from("normal", "high"))).toBeNull();
    expect(inverseOf(low, from("not known"))).toBeNull();
    expect(inverseOf(low, from("low"))).toBeNull();
    expect(inverseOf({ action: "reboot", params: {} }, [])).toBeNull();
  });
});

describe("the way of a request", () => {
  const looks = (patch: Parameters<typeof request>[0]) =>
    phasesOf(request(patch), 60_000).map((phase) => phase.look);

  it("waits for approval with its count and deadline", () => {
    expect(looks({})).toEqual(["done", "wait", "ahead", "ahead"]);
    expect(phasesOf(request(), 60_000)[1]?.note).toBe("1 of 2, expires in 59 min");
    expect(phasesOf(request(), 3_600_000)[1]?.note).toBe("1 of 2, time is over");
  });

  it("says when it begins while its time lock lasts", () => {
    const locked = request({ state: "approved", not_before: 86_400_000 });
    expect(phasesOf(locked, 3_600_000)[2]).toMatchObject({ look: "wait", note: "in 23 h" });
    expect(phasesOf(locked, 86_400_000)[2]?.note).toBe("about to start");
  });

  it("counts what is still short", () => {
    expect(votesText({ have: 1, need: 2, have_other: 0, need_other: 1 })).toBe("1 of 2");
    expect(votesText({ have: 1, need: 1, have_other: 0, need_other: 1 })).toBe("0 of 1 by others");
    expect(votesText({ have: 2, need: 2, have_other: 1, need_other: 1 })).toBe("2 of 2");
  });

  it("runs with a share done", () => {
    const running = request({ state: "executing", progress: { done: 1, ok: 1, failed: 0, total: 4 } });
    const [, , run] = phasesOf(running, 0);
    expect(run).toMatchObject({ look: "now", fill: 0.25, note: "1 of 4 targets" });
  });

  it("ends well, partly or before it ran", () => {
    expect(looks({ state: "executed", ended_at: 1 })).toEqual(["done", "done", "done", "done"]);
    expect(looks({ state: "partially_executed", ended_at: 1 })).toEqual(["done", "done", "done", "bad"]);
    expect(looks({ state: "rejected", ended_at: 1 })).toEqual(["done", "bad", "ahead", "bad"]);
  });
});

describe("what may be decided", () => {
  const { my, initiator } = request();
  const vote = { voter: { id: "usr-2", name: "Second" }, decision: "approve", at: 1, comment: null } as const;
  const choices = (patch: Partial<typeof my>, state: "pending" | "approved" = "pending", started = false) =>
    choicesOf({
      state,
      initiator,
      my: { ...my, ...patch },
      votes: [
        {
          ...vote,
          voter: started ? initiator : vote.voter,
          withdrawn_at: null,
          counts: true,
          initiator: started,
        },
      ],
    });

  it("is what the server says: both, nothing, or for who is suspended the veto alone", () => {
    expect(choices({ can_vote: true, can_reject: true })).toEqual({
      approve: true,
      reject: true,
      withdraw: false,
    });
    expect(choices({})).toEqual({ approve: false, reject: false, withdraw: false });
    expect(choices({ can_reject: true })).toEqual({ approve: false, reject: true, withdraw: false });
  });

  it("is to withdraw or to reject for whoever has approved, while it waits", () => {
    const approved = { can_reject: true, can_cancel: false, voted: "approve" } as const;
    expect(choices(approved)).toEqual({ approve: false, reject: true, withdraw: true });
    expect(choices({ ...approved, can_reject: false }, "approved")).toEqual({
      approve: false,
      reject: false,
      withdraw: false,
    });
  });

  it("is neither for whose asking is the approval: they cancel it", () => {
    const start = { can_reject: true, can_cancel: true, voted: "approve" } as const;
    expect(choices(start, "pending", true)).toEqual({ approve: false, reject: false, withdraw: false });
  });
});

describe("rules and drafts", () => {
  it("warn of counts that block or do not suffice", () => {
    expect(cautions(policy(), 2, 0)).toEqual([]);
    expect(cautions(policy(), 3, 0)[0]).toMatch(/No spare approver/);
    expect(cautions(policy({ required: 2 }), 1, 0)[0]).toMatch(/Lowering/);
    expect(cautions(policy(), 1, 1)[0]).toMatch(/never suffices/);
  });

  it("group targets by model, the most first", () => {
    const targets = ["b", "a", "b"].map((model, index) => ({ id: `dev-${index}`, name: "", model, ip: "" }));
    expect(byModel(targets)).toEqual([
      ["b", 2],
      ["a", 1],
    ]);
  });
});

describe("requests that may be approved together", () => {
  const waiting = (id: string, patch: Parameters<typeof request>[0] = {}) => {
    const made = request({ id, scenario: "fleet.mode", ...patch });
    return { ...made, my: { ...made.my, can_vote: true } };
  };
  const first = waiting("a");
  const ids = (items: ReturnType<typeof request>[]) => alike(items, first).map((item) => item.id);

  it("ask the same of the same site, and each waits for the one who looks", () => {
    expect(ids([first, waiting("b")])).toEqual(["a", "b"]);
    expect(ids([first])).toEqual([]);
    expect(ids([first, waiting("b", { site: "site-9" })])).toEqual([]);
    expect(ids([first, waiting("b", { action: { action: "restart_mining", params: {} } })])).toEqual([]);
    const voted = request({ id: "b", scenario: "fleet.mode" });
    expect(ids([first, { ...voted, my: { ...voted.my, can_vote: false } }])).toEqual([]);
  });

  it("are never about pools", () => {
    const pools = waiting("a", { scenario: "fleet.pool_change" });
    expect(alike([pools, waiting("b", { scenario: "fleet.pool_change" })], pools)).toEqual([]);
  });
});

describe("while the account stands still", () => {
  const approved = request({
    state: "approved",
    not_before: 0,
    approvals: { have: 2, need: 2, have_other: 1, need_other: 1 },
  });
  const run = (patch: Partial<typeof approved>, standstill: Standstill) =>
    phasesOf({ ...approved, ...patch }, 60_000, standstill)[2]?.note;

  it("nothing is about to start that waits for its end", () => {
    expect(run({}, null)).toBe("about to start");
    expect(run({}, "frozen")).toBe("once unfrozen");
    expect(run({}, "deletion")).toBe("if the account stays");
    expect(run({ not_before: 180_000 }, "frozen")).toBe("in 2 min");
  });
});

describe("what was not done", () => {
  const refused = { message: "the device refused: no" };
  const items = [
    item(0, "verified"),
    item(1, "skipped", { message: "not here" }),
    item(2, "failed", refused),
    item(3, "failed", refused),
    item(4, "unknown", { message: "no answer" }),
    item(5, "dropped"),
  ];
  const ended = request({
    state: "partially_executed",
    progress: { done: 5, ok: 1, failed: 4, total: 5 },
  });

  it("is told by reason, failures first, without what other requests took", () => {
    expect(missedOf(items)).toEqual([
      { tone: "failed", word: "", why: "the device refused: no", names: ["dev-2", "dev-3"] },
      { tone: "unsure", word: "outcome unknown", why: "no answer", names: ["dev-4"] },
      { tone: "left", word: "skipped", why: "not here", names: ["dev-1"] },
    ]);
  });

  it("is summed up, and never says of what is unknown that it was not done", () => {
    expect(shortfall(ended, items)).toBe("Not done on 4 of 5 devices");
    const unknown = { ...ended, progress: { done: 2, ok: 1, failed: 1, total: 2 } };
    expect(shortfall(unknown, [item(0, "verified"), item(1, "unknown")])).toBe(
      "Not known to be done on 1 of 2 devices",
    );
    const none = { ...ended, progress: { done: 1, ok: 0, failed: 1, total: 1 } };
    expect(shortfall(none, [item(0, "failed")])).toBe("Done on none of 1 device");
    expect(fellShort(ended)).toBe(true);
    expect(fellShort({ ...ended, state: "executing" })).toBe(false);
  });

  it("comes with advice for each kind, and a retry only for what failed", () => {
    const [retry, look, skipped] = advice(ended, missedOf(items));
    expect(retry).toContain("draft a retry");
    expect(look).toContain("it may have been done");
    expect(skipped).toContain("not been touched");
    expect(advice(ended, missedOf([item(0, "unknown")]))).toHaveLength(1);
  });

  it("shows while it runs that something has not gone well", () => {
    const progress = { done: 2, ok: 1, failed: 1, total: 5 };
    const run = phasesOf(request({ state: "executing", progress }), 60_000)[2];
    expect([run?.look, run?.note]).toEqual(["bad", "2 of 5 targets, 1 not done"]);
  });

  it("is measured over the devices that have settled, and says of how many it cannot say yet", () => {
    const settled = { delta_w: -6_600, estimated_w: -6_670, devices: 2, settling: 0, unsettled: 0 };
    const effect = { devices: 3, delta_w: -1, before_w: 2, after_w: 1, unknown: 0, band_w: 120 };
    expect(basisText({ ...effect, bases: { own: 2, peers: 1, nameplate: 0 } })).toBe(
      " ± 120 W, by own history (2), others of the model (1)",
    );
    expect(basisText({ ...effect, bases: { own: 0, peers: 0, nameplate: 3 } })).toBe(
      " ± 120 W, by the maker's figure",
    );
    expect(measuredText(settled)).toBe("on 2 devices, estimated \u22126.67 kW for them");
    expect(measuredText({ ...settled, devices: 0, settling: 3, unsettled: 1 })).toBe(
      "3 devices settling; 1 device did not settle",
    );
    expect(powerText(item(0, "verified", { power_before_w: 3_400 }))).toBe("3.40 kW → settling");
    const level = { power_before_w: 3_400, power_after_w: 20, power_settled: true };
    expect(powerText(item(0, "verified", level))).toBe("3.40 kW → 20 W");
    expect(powerText(item(0, "verified", { ...level, power_settled: false }))).toContain("not settled");
    expect(powerText(item(0, "failed", { power_before_w: 3_400 }))).toBe("3.40 kW");
    expect(powerText(item(0, "verified"))).toBe("–");
  });

  it("is counted by what ended well once it is over", () => {
    expect(runText({ done: 5, ok: 1, failed: 4, total: 5 }, true)).toBe("1 of 5 done");
    expect(runText({ done: 2, ok: 1, failed: 1, total: 5 }, false)).toBe("2 of 5 targets, 1 not done");
    expect(runText({ done: 2, ok: 2, failed: 0, total: 5 }, false)).toBe("2 of 5 targets");
  });
});
