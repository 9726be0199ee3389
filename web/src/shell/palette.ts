// What the palette finds, in the order in which it is shown.
export interface Hit {
  key: string;
  kind: "Pages" | "Devices" | "Requests" | "People";
  title: string;
  /** What tells it from others of its kind. */
  note: string;
  to: string;
  search: Record<string, string>;
}

/** Are all words of the text somewhere in it? */
export function fits(text: string, ...parts: (string | null)[]): boolean {
  const all = parts.join(" ").toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

/** The one that a key leads to, going round at the ends. */
export function moved(at: number, by: number, count: number): number {
  return count === 0 ? 0 : (at + by + count) % count;
}
