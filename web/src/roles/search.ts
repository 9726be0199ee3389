export type RolesTab = "matrix" | "person" | "origins";
const TABS: RolesTab[] = ["person", "origins"];

export interface RolesSearch {
  tab?: RolesTab;
  q?: string;
  /** On a phone: the role whose column is shown. */
  role?: string;
  /** The permission that is laid open. */
  permission?: string;
  person?: string;
  /** The site at which a person's rights are asked for. */
  at?: string;
}

export function rolesSearch(search: Record<string, unknown>): RolesSearch {
  const kept: RolesSearch = {};
  for (const key of ["q", "role", "permission", "person", "at"] as const) {
    const value = search[key];
    if (typeof value === "string" && value !== "") kept[key] = value;
  }
  const tab = TABS.find((each) => each === search.tab);
  if (tab) kept.tab = tab;
  return kept;
}
