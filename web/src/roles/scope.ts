import type { GrantScope } from "../api/account-types";

/** "everywhere", or the names of the sites. */
export function scopeWords(scope: GrantScope, name: (id: string) => string): string {
  if ("all" in scope) return "everywhere";
  return scope.sites.length === 0 ? "nowhere" : scope.sites.map(name).join(", ");
}

/** Does it reach a site? Without a site: does it reach everything? */
export function reaches(scope: GrantScope, site: string | undefined): boolean {
  if ("all" in scope) return true;
  return site !== undefined && scope.sites.includes(site);
}
