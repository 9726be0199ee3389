/** What the address of the sign-in page can say. */
export interface SignInSearch {
  /** Where to go on. */
  next?: string;
  /** How single sign-on came back. */
  sso?: string;
}

export function signInSearch(search: Record<string, unknown>): SignInSearch {
  const read: SignInSearch = {};
  // Only addresses of this console: a link must not lead elsewhere after signing in.
  if (typeof search.next === "string" && /^\/(?![/\\])/.test(search.next)) read.next = search.next;
  if (typeof search.sso === "string" && /^[a-z_]{1,40}$/.test(search.sso)) read.sso = search.sso;
  return read;
}
