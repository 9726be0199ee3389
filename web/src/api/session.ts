import { queryOptions, useQuery } from "@tanstack/react-query";
import { client, setCsrf, unwrap } from "./client";
import { hasCode } from "./problem";
import { queryClient } from "./query";
import type { Session } from "./types";

/** The session, or null when nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    try {
      const session = await unwrap(client.GET("/session"));
      setCsrf(session.csrf);
      return session;
    } catch (error) {
      if (hasCode(error, "not_signed_in")) return null;
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
});

/** Asks anew who is signed in and what they hold; whoever has nothing any more is led away by what watches the answers. */
export async function recheckSession() {
  try {
    const session = await queryClient.fetchQuery({ ...sessionQuery, staleTime: 0, retry: false });
    if (!session) forgetSession();
  } catch {
    // Unreachable, or gone: both are seen to elsewhere.
  }
}

export function keepSession(session: Session | null) {
  setCsrf(session?.csrf ?? "");
  queryClient.setQueryData(sessionQuery.queryKey, session);
}

/** The session of a page that is only shown to somebody signed in. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new Error("a page of the shell was shown without a session");
  return data;
}

/** Begins with what the server answered to a sign-in; nothing of another person stays. */
export function enter(session: Session) {
  forgetData();
  keepSession(session);
}

/** Whoever holds nothing but offers, or is suspended, is signed in by this refusal, and told what they can do; any other goes on. */
export function enterOffered(error: unknown) {
  if (!hasCode(error, "account_unopened") && !hasCode(error, "account_suspended")) throw error;
  forgetData();
  queryClient.removeQueries({ queryKey: sessionQuery.queryKey });
}

export async function enterWith(answer: Promise<Session>) {
  try {
    enter(await answer);
  } catch (error) {
    enterOffered(error);
  }
}

export async function signOut() {
  await unwrap(client.DELETE("/session"));
  forgetSession();
}

/** Drops everything this browser knows; the router then leads to the sign-in page. */
export function forgetSession() {
  keepSession(null);
  forgetData();
}

/** What a link is for belongs to the link; its page may still be open, and must not ask for what is used up. */
const KEPT: unknown[] = ["session", "link"];

function forgetData() {
  queryClient.removeQueries({ predicate: (query) => !KEPT.includes(query.queryKey[0]) });
}
