// Numbers, times and names as people read them: three significant digits, a unit that fits, no raw floats.

export const NONE = "–";
const MINUS = "−";

/** At most three significant digits, thousands separated, with a real minus sign. */
export function sig3(value: number): string {
  return digits3(value, false);
}

/** Three significant digits, zeros included, so that measured numbers line up below each other. */
export function measured(value: number): string {
  return digits3(value, true);
}

/** A temperature in °C, to a tenth. */
export function celsius(value: number | null | undefined): string {
  return value == null ? NONE : value.toLocaleString("en-US", TENTH);
}
const TENTH = { minimumFractionDigits: 1, maximumFractionDigits: 1 };

function digits3(value: number, padded: boolean): string {
  if (!Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  // 99.96 already reads as "100": one digit less than its size says.
  const digits = size === 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
  const rounded = size >= 1000 ? Number(size.toPrecision(3)) : size;
  const text = rounded.toLocaleString("en-US", {
    minimumFractionDigits: padded ? digits : 0,
    maximumFractionDigits: digits,
  });
  return value < 0 && Number(text.replaceAll(",", "")) !== 0 ? `${MINUS}${text}` : text;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

function scaled(value: number, units: readonly [number, string][]): string {
  const size = Math.abs(value);
  // 999 500 W already reads as "1,000 kW", so the step to the next unit comes a little before it.
  const fit = units.find(([from]) => size >= from * 0.9995) ?? units.at(-1);
  if (!fit) return sig3(value);
  // Below the first step there is nothing to measure finer: 18 W, not 18.0 W.
  const [step, unit] = fit;
  return `${step === 1 ? sig3(value) : measured(value / step)} ${unit}`;
}

export function power(watts: number | null | undefined): string {
  if (watts == null) return NONE;
  return scaled(watts, [
    [1e9, "GW"],
    [1e6, "MW"],
    [1e3, "kW"],
    [1, "W"],
  ]);
}

export function deltaPower(watts: number | null | undefined): string {
  if (watts == null) return "No estimate";
  if (Math.abs(watts) < 0.5) return "±0 W";
  return watts > 0 ? `+${power(watts)}` : power(watts);
}

export function hashrate(ths: number | null | undefined): string {
  if (ths == null) return NONE;
  return scaled(ths, [
    [1e6, "EH/s"],
    [1e3, "PH/s"],
    [1, "TH/s"],
  ]);
}

/** "just now", "12 s", "3 min", "5 h", "2 d": the age of something. */
export function age(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 2) return "just now";
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

export function ago(at: number, now: number): string {
  const text = age(now - at);
  return text === "just now" ? text : `${text} ago`;
}

/** "in 12 min" until a moment, "over" after it. */
export function until(at: number, now: number): string {
  return at <= now ? "over" : `in ${age(at - now)}`;
}

export function duration(seconds: number | null | undefined): string {
  if (seconds == null) return NONE;
  const s = Math.floor(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return both(s, 3600, "h", 60, "min");
  return both(s, 86_400, "d", 3600, "h");
}
/** "24 h", "1 min": a wait as rules have it, in the largest unit up to hours that it is whole in. */
export function wait(seconds: number): string {
  return seconds % 3600 === 0 ? `${seconds / 3600} h` : duration(seconds);
}
function both(s: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((s % big) / small);
  return `${Math.floor(s / big)} ${bigUnit}${rest > 0 ? ` ${rest} ${smallUnit}` : ""}`;
}

const moment = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const momentLong = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
export function dateTime(at: number): string {
  return moment.format(at);
}
export function dateTimeLong(at: number): string {
  return momentLong.format(at);
}

const utc = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});
/** "22 Nov 2026": a day as the books have it. */
export function utcDay(at: number): string {
  return utc.format(at);
}

/** First and last eight digits of a hash, as approvers compare them. */
export function shortHash(hash: string): string {
  const bare = hash.replace(/^sha256:/, "");
  return bare.length > 18 ? `${bare.slice(0, 8)}…${bare.slice(-8)}` : bare;
}

export function words(code: string): string {
  const text = code.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
