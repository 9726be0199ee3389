import { expect, test } from "vitest";
import { rangesOf } from "./ranges";

test("ranges are split at lines, commas and semicolons, and nothing empty is among them", () => {
  expect(rangesOf(" 10.0.0.0/24,10.0.1.1-254\n\n 10.0.2.7 ;\n")).toEqual([
    "10.0.0.0/24",
    "10.0.1.1-254",
    "10.0.2.7",
  ]);
  expect(rangesOf(" \n,")).toEqual([]);
});
