import { describe, expect, it } from "vitest";
import type { Share } from "../api/money";
import {
  basisPoints,
  blankRow,
  compared,
  incomplete,
  lacking,
  MOST_RECIPIENTS,
  percent,
  type Row,
  rowsOf,
  sharesOf,
  total,
} from "./shares";

const ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const own = (basis_points: number): Share => ({ recipient: { to: "wallet" }, basis_points });
const to = (address: string, basis_points: number): Share => ({
  recipient: { to: "address", address },
  basis_points,
});
const sub = (sub_account: string, basis_points: number): Share => ({
  recipient: { to: "sub_account", sub_account },
  basis_points,
});
const rows = (...shares: Share[]): Row[] => rowsOf(shares);

describe("percentages", () => {
  it("are basis points with two decimals, without a float in between", () => {
    for (const points of [0, 1, 29, 57, 100, 1_005, 3_333, 9_999, 10_000])
      expect(basisPoints(percent(points).replace(" %", ""))).toBe(points);
    expect(basisPoints("12.5")).toBe(1_250);
    expect(basisPoints("12.")).toBe(1_200);
    expect(basisPoints(33.33)).toBe(3_333);
  });

  it("that are none are not guessed at", () => {
    for (const typed of ["", "x", "-1", "1.234", "1,5", "1000", "."]) expect(basisPoints(typed)).toBeNull();
  });
});

describe("the total", () => {
  it("is exact to the basis point, also where floats are not", () => {
    const thirds = rows(own(3_333), sub("sub-2", 3_333), to(ADDRESS, 3_334));
    expect(total(thirds)).toBe(10_000);
    expect(lacking(total(thirds))).toBe("");
    expect(total(rows(own(10), sub("sub-2", 20)))).toBe(30);
  });

  it("says what is missing and what is too much", () => {
    expect(lacking(9_999)).toBe(", 0.01 % is missing");
    expect(lacking(10_001)).toBe(", 0.01 % too much");
  });
});

describe("a form of shares", () => {
  const now = [own(10_000)];

  it("comes out as it went in", () => {
    const shares = [own(5_000), to(ADDRESS, 2_500), sub("sub-2", 2_500)];
    expect(sharesOf(rowsOf(shares))).toEqual(shares);
    expect(incomplete(rowsOf(shares), now)).toBe("");
  });

  it("cannot be sent until it is the whole", () => {
    for (const other of [4_999, 5_001])
      expect(incomplete(rows(own(5_000), sub("sub-2", other)), now)).toBe(
        "The total must be exactly 100.00 %.",
      );
  });

  it("says which line lacks what", () => {
    expect(incomplete([], now)).toMatch(/at least one/);
    expect(incomplete(rows(own(9_000), to(" ", 1_000)), now)).toBe("Recipient 2 has no address yet.");
    expect(incomplete(rows(own(10_000), sub("sub-2", 0)), now)).toMatch(/^Recipient 2 needs a share/);
    const chosen = rows(own(5_000), sub("sub-2", 5_000));
    const unchosen = chosen.map((row) => ({ ...row, subAccount: null }));
    expect(incomplete(unchosen, now)).toBe("Recipient 2: choose a sub-account.");
    const many = Array.from({ length: MOST_RECIPIENTS + 1 }, (_, at) => sub(`sub-${at}`, 1));
    expect(incomplete(rowsOf(many), now)).toMatch(/at most 20/);
  });

  it("finds the same recipient twice, however its address is written", () => {
    const twice = rows(own(5_000), to(ADDRESS, 2_500), to(ADDRESS.toUpperCase(), 2_500));
    expect(incomplete(twice, now)).toBe("Recipients 2 and 3 are the same: add them up.");
  });

  it("is not sent where it changes nothing; another order is a change, as the first gets what cannot be divided", () => {
    const two = [own(5_000), sub("sub-2", 5_000)];
    expect(incomplete(rowsOf(two), two)).toBe("It is shared out like this already.");
    expect(incomplete(rowsOf(two.toReversed()), two)).toBe("");
  });

  it("offers the rest to the next line", () => {
    const next = blankRow(rows(own(6_000), sub("sub-2", 1_550)));
    expect([next.key, next.percent]).toEqual([2, "24.50"]);
    expect(blankRow([]).percent).toBe("100.00");
    expect(blankRow(rows(own(10_000))).percent).toBe("0.00");
  });
});

it("before and after are told side by side", () => {
  const after = [sub("sub-2", 4_000), own(6_000)];
  expect(compared([own(9_000), to(ADDRESS, 1_000)], after)).toEqual([
    { recipient: { to: "wallet" }, from: 9_000, to: 6_000 },
    { recipient: { to: "address", address: ADDRESS }, from: 1_000, to: null },
    { recipient: { to: "sub_account", sub_account: "sub-2" }, from: null, to: 4_000 },
  ]);
});
