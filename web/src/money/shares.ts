// Shares of a sub-account's revenue: percentages as people type them, basis points as the server keeps them.
import type { Share } from "../api/money";

/** All of it, in basis points. */
export const WHOLE = 10_000;
export const MOST_RECIPIENTS = 20;

export type Recipient = Share["recipient"];

/** A line of the form. */
export interface Row {
  key: number;
  to: Recipient["to"];
  address: string;
  subAccount: string | null;
  /** In percent, as typed. */
  percent: string | number;
}

/** "12.50 %" of 1250. */
export const percent = (basisPoints: number): string => `${decimals(basisPoints)} %`;

function decimals(basisPoints: number): string {
  const size = Math.abs(basisPoints);
  return `${Math.floor(size / 100)}.${String(size % 100).padStart(2, "0")}`;
}

/** Basis points of a percentage as typed; null where it is none, or finer than they are. */
export function basisPoints(typed: string | number): number | null {
  const parts = String(typed)
    .trim()
    .match(/^(\d{1,3})(?:\.(\d{0,2}))?$/);
  return parts && Number(parts[1]) * 100 + Number((parts[2] ?? "").padEnd(2, "0"));
}

export const rowsOf = (shares: readonly Share[]): Row[] =>
  shares.map(({ recipient, basis_points }, key) => ({
    key,
    to: recipient.to,
    address: recipient.to === "address" ? recipient.address : "",
    subAccount: recipient.to === "sub_account" ? recipient.sub_account : null,
    percent: decimals(basis_points),
  }));

/** The next line, with what is left of the whole. */
export function blankRow(rows: readonly Row[]): Row {
  const rest = Math.max(0, WHOLE - total(rows));
  const key = Math.max(-1, ...rows.map((row) => row.key)) + 1;
  return { key, to: "address", address: "", subAccount: null, percent: decimals(rest) };
}

export const total = (rows: readonly Row[]): number =>
  rows.reduce((sum, row) => sum + (basisPoints(row.percent) ?? 0), 0);

/** ", 0.01 % is missing" of 9999; nothing of the whole. */
export function lacking(sum: number): string {
  if (sum === WHOLE) return "";
  return `, ${percent(WHOLE - sum)} ${sum < WHOLE ? "is missing" : "too much"}`;
}

/** Lines as the server takes them; only of lines to which nothing is missing. */
export const sharesOf = (rows: readonly Row[]): Share[] =>
  rows.map((row) => ({ recipient: recipientOf(row), basis_points: basisPoints(row.percent) ?? 0 }));

function recipientOf(row: Row): Recipient {
  if (row.to === "wallet") return { to: "wallet" };
  if (row.to === "address") return { to: "address", address: row.address.trim() };
  return { to: "sub_account", sub_account: row.subAccount ?? "" };
}

/** What two shares have in common if they go to the same. */
export function sameAs(recipient: Recipient): string {
  if (recipient.to === "wallet") return "wallet";
  if (recipient.to === "sub_account") return `sub ${recipient.sub_account}`;
  // Of these the case says nothing.
  const { address } = recipient;
  return `address ${/^bc1/i.test(address) ? address.toLowerCase() : address}`;
}

/** What is still missing before it can be asked for; empty when nothing is. */
export function incomplete(rows: readonly Row[], now: readonly Share[]): string {
  if (rows.length === 0) return "Name at least one recipient.";
  if (rows.length > MOST_RECIPIENTS) return `Name at most ${MOST_RECIPIENTS} recipients.`;
  const seen = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    const name = `Recipient ${index + 1}`;
    if (row.to === "address" && row.address.trim() === "") return `${name} has no address yet.`;
    if (row.to === "sub_account" && row.subAccount === null) return `${name}: choose a sub-account.`;
    if (!basisPoints(row.percent)) return `${name} needs a share of at least 0.01 %.`;
    const same = sameAs(recipientOf(row));
    const earlier = seen.get(same);
    if (earlier !== undefined) return `Recipients ${earlier + 1} and ${index + 1} are the same: add them up.`;
    seen.set(same, index);
  }
  if (total(rows) !== WHOLE) return "The total must be exactly 100.00 %.";
  if (JSON.stringify(keysOf(sharesOf(rows))) === JSON.stringify(keysOf(now)))
    return "It is shared out like this already.";
  return "";
}

const keysOf = (shares: readonly Share[]) =>
  shares.map((share) => [sameAs(share.recipient), share.basis_points]);

export interface Compared {
  recipient: Recipient;
  from: number | null;
  to: number | null;
}

/** Who gets how much before and after: those of before first, in their order. */
export function compared(before: readonly Share[], after: readonly Share[]): Compared[] {
  const rest = new Map(after.map((share) => [sameAs(share.recipient), share]));
  const rows = before.map(({ recipient, basis_points }): Compared => {
    const then = rest.get(sameAs(recipient));
    rest.delete(sameAs(recipient));
    return { recipient, from: basis_points, to: then?.basis_points ?? null };
  });
  for (const { recipient, basis_points } of rest.values())
    rows.push({ recipient, from: null, to: basis_points });
  return rows;
}
