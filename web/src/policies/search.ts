export interface RulesSearch {
  /** The form of a recovery is open. */
  recover?: true;
}

export const rulesSearch = (search: Record<string, unknown>): RulesSearch =>
  search.recover === true ? { recover: true } : {};
