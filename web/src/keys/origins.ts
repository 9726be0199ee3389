// From where a key may be used, as it is typed and as it is sent.
import type { Origins } from "../api/types";

/** One network a line, or with commas between them. */
export function networksIn(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((network) => network.trim())
    .filter((network) => network !== "");
}

export const originsOf = (anywhere: boolean, text: string): Origins =>
  anywhere ? "anywhere" : { networks: networksIn(text) };

export const textOf = (from: Origins): string => (from === "anywhere" ? "" : from.networks.join("\n"));

export const originsInWords = (from: Origins): string =>
  from === "anywhere" ? "Anywhere" : from.networks.join(", ");
