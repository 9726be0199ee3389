export type Step = "done" | "now" | "later";

export interface Estate {
  sites: number;
  agents: number;
  /** Agents that have been set up. */
  enrolled: number;
  scans: number;
  /** People besides the reader, invited ones included. */
  others: number;
}

/** How far an account without devices has come. Each step needs the one before it; people can be added at any time. */
export function standing({
  sites,
  agents,
  enrolled,
  scans,
  others,
}: Estate): Record<"site" | "agent" | "scan" | "people", Step> {
  const site = sites > 0 ? "done" : "now";
  const agent = agents > 0 && enrolled > 0 ? "done" : site === "done" ? "now" : "later";
  const scan = scans > 0 ? "done" : agent === "done" ? "now" : "later";
  return { site, agent, scan, people: others > 0 ? "done" : scan === "done" ? "now" : "later" };
}
