import type { GrantScope } from "../api/account-types";

/** A site, container, group or sub-account. */
export type ScopeNode = Exclude<GrantScope, "all">["nodes"][number];

/** "everywhere", or the names of what it reaches. */
export function scopeWords(scope: unknown, name: (id: string) => string): string {
  const read = readScope(scope);
  if (read === "all") return "everywhere";
  return read.nodes.length === 0 ? "nowhere" : read.nodes.map(({ id }) => name(id)).join(", ");
}

/** Does it reach a site? Without a site: does it reach everything? */
export function reaches(scope: unknown, site: string | undefined): boolean {
  const read = readScope(scope);
  return read === "all" || (site !== undefined && read.nodes.some(({ id }) => id === site));
}

/** A scope as the server wrote it; whatever else it is reaches nothing. */
export function readScope(scope: unknown): GrantScope {
  if (scope === "all") return "all";
  const nodes = typeof scope === "object" && scope !== null && "nodes" in scope ? scope.nodes : [];
  return { nodes: Array.isArray(nodes) ? nodes : [] };
}
