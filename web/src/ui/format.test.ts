import { describe, expect, it } from "vitest";
import {
  age,
  ago,
  count,
  deltaPower,
  duration,
  hashrate,
  measured,
  plural,
  power,
  shortHash,
  sig3,
  until,
  words,
} from "./format";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [0.01234, "0.012"],
    [3.4567, "3.46"],
    [17.94, "17.9"],
    [99.96, "100"],
    [1234.6, "1,230"],
    [61_249, "61,200"],
    [-236.4, "−236"],
    [-0.0001, "0"],
  ])("%d reads %s", (value, text) => expect(sig3(value)).toBe(text));

  it.each([
    [69, "69.0"],
    [3.2, "3.20"],
    [127, "127"],
    [9.999, "10.0"],
    [0, "0"],
  ])("measured, %d reads %s", (value, text) => expect(measured(value)).toBe(text));

  it("of people and things are whole and grouped", () => {
    expect(count(7303)).toBe("7,303");
    expect(plural(7303, "device")).toBe("7,303 devices");
  });

  it("are formatted here and nowhere else", () => {
    const sources = import.meta.glob<string>("../**/*.{ts,tsx}", {
      query: "?raw",
      import: "default",
      eager: true,
    });
    const elsewhere = Object.entries(sources)
      .filter(([, text]) => /toLocaleString|NumberFormat|toFixed|toPrecision/.test(text))
      .map(([file]) => file);
    expect(elsewhere.filter((file) => !file.endsWith(".test.ts"))).toEqual(["./format.ts"]);
    expect(Object.keys(sources).length).toBeGreaterThan(200);
  });

  it("are never shown when they are none", () => expect(sig3(Number.NaN)).toBe("–"));
});

describe("units", () => {
  it.each([
    [850, "850 W"],
    [3250, "3.25 kW"],
    [999_600, "1.00 MW"],
    [18, "18 W"],
    [61_200_000, "61.2 MW"],
    [0, "0 W"],
  ])("%d watts read %s", (watts, text) => expect(power(watts)).toBe(text));

  it("say what is not known", () => {
    expect(power(null)).toBe("–");
    expect(deltaPower(null)).toBe("No estimate");
  });

  it("give a change its sign", () => {
    expect(deltaPower(-105_400)).toBe("−105 kW");
    expect(deltaPower(2_000)).toBe("+2.00 kW");
    expect(deltaPower(0.2)).toBe("±0 W");
  });

  it("scale the hashrate", () => {
    expect(hashrate(110)).toBe("110 TH/s");
    expect(hashrate(384_000)).toBe("384 PH/s");
    expect(hashrate(3_420_000)).toBe("3.42 EH/s");
  });
});

describe("times", () => {
  it("read as ages", () => {
    expect(age(500)).toBe("just now");
    expect(age(12_000)).toBe("12 s");
    expect(ago(0, 200_000)).toBe("3 min ago");
    expect(ago(5_000, 0)).toBe("just now");
  });

  it("read as deadlines", () => {
    expect(until(3_600_000, 0)).toBe("in 1 h");
    expect(until(0, 0)).toBe("over");
  });

  it("read as durations", () => {
    expect(duration(null)).toBe("–");
    expect(duration(59)).toBe("59 s");
    expect(duration(7_860)).toBe("2 h 11 min");
    expect(duration(86_400)).toBe("1 d");
  });
});

describe("names", () => {
  it("are counted, shortened and spoken", () => {
    expect(plural(1, "device")).toBe("1 device");
    expect(plural(2_000, "device")).toBe("2,000 devices");
    expect(plural(2, "entry", "entries")).toBe("2 entries");
    expect(shortHash(`${"a".repeat(32)}${"b".repeat(32)}`)).toBe("aaaaaaaa…bbbbbbbb");
    expect(words("operations_manager")).toBe("Operations manager");
  });
});
