export interface PeopleSearch {
  q?: string;
  role?: string;
}

export function peopleSearch(search: Record<string, unknown>): PeopleSearch {
  const kept: PeopleSearch = {};
  for (const key of ["q", "role"] as const) {
    const value = search[key];
    if (typeof value === "string" && value !== "") kept[key] = value;
  }
  return kept;
}
