// Bitcoin addresses as people compare them: in groups of four.

/** The address in groups of four; one that is masked is left as it is. */
export function groupsOf(address: string): string[] {
  return address.startsWith("…") ? [address] : (address.match(/.{1,4}/gu) ?? []);
}

const ADDRESS =
  /(?<![0-9A-Za-z])(bc1[0-9a-z]{25,87}|[13][1-9A-HJ-NP-Za-km-z]{25,34}|…[0-9A-Za-z]{4})(?![0-9A-Za-z])/;

/** What the server wrote, with the addresses in it apart: every second part is one. */
export const addressesIn = (text: string): string[] => text.split(ADDRESS);
