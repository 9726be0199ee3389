// Words for a device that is seen at two addresses, or with two agents.

interface Claim {
  /** Null where it is out of the reader's reach. */
  ip: string | null;
  by_holder: boolean;
}
interface TwoAddresses {
  /** Where it answers. */
  says: string;
  /** What to do about it. */
  todo: string;
}

const HIDDEN = "an address out of your reach";
const joined = (words: string[]) => words.join(", ").replace(/, ([^,]*)$/, " and $1");

/** What to say where a device's own agent sees it at further addresses; null where it does not. `ip` is the one that is followed. */
export function twoAddresses(ip: string | null, claims: readonly Claim[]): TwoAddresses | null {
  const others = claims.filter((claim) => claim.by_holder).map((claim) => claim.ip ?? HIDDEN);
  if (others.length === 0) return null;
  const count = others.length === 1 ? "two" : others.length + 1;
  const followed = ip ?? HIDDEN;
  return {
    says: `answers at ${count} addresses: ${joined([`${followed} (followed)`, ...others])}`,
    todo: `Orders and readings are of ${followed}. Look for what is at ${joined(others)}: it has this machine's MAC or serial number. If that is the right one, disconnect ${followed}; once it is silent, the other is followed by itself.`,
  };
}
