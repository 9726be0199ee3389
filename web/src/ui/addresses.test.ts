import { expect, it } from "vitest";
import { addressesIn, groupsOf } from "./addresses";

const SEGWIT = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const LEGACY = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

it("are grouped in fours, to the last character", () => {
  expect(groupsOf(SEGWIT).join("")).toBe(SEGWIT);
  expect(groupsOf(SEGWIT)[0]).toBe("bc1q");
  expect(groupsOf(SEGWIT).at(-1)).toBe("t4");
  expect(groupsOf("…f3t4")).toEqual(["…f3t4"]);
  expect(groupsOf("")).toEqual([]);
});

it("are found in what the server wrote, whole or masked, and nothing else is", () => {
  expect(addressesIn(`Share of ${SEGWIT}`)).toEqual(["Share of ", SEGWIT, ""]);
  expect(addressesIn(LEGACY)).toEqual(["", LEGACY, ""]);
  expect(addressesIn("Share of …vfNa")).toEqual(["Share of ", "…vfNa", ""]);
  for (const plain of ["none", "Share of hosting's own wallet", "100.00 %", `x${LEGACY}`])
    expect(addressesIn(plain)).toEqual([plain]);
});
