// What I was told, what I note on it, and what I want by letter.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { client, unwrap } from "./client";
import { queryClient, reread } from "./query";
import type { InboxCounts, InboxTab, LetterChoice } from "./types";

export const inboxQuery = (tab: InboxTab) =>
  infiniteQueryOptions({
    queryKey: ["inbox", "list", tab],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      unwrap(client.GET("/inbox", { params: { query: { tab, limit: 50, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** How much waits for me, for the badge. */
export const inboxCountsQuery = queryOptions({
  queryKey: ["inbox", "counts"],
  queryFn: async (): Promise<InboxCounts> => {
    const { needs_me, asked, unread } = await unwrap(
      client.GET("/inbox", { params: { query: { limit: 1 } } }),
    );
    return { needs_me, asked, unread };
  },
});

/** From the live stream: it has changed, and stands so. */
export function foldInbox(counts: InboxCounts) {
  queryClient.setQueryData(inboxCountsQuery.queryKey, counts);
  reread(["inbox", "list"]);
}

export interface InboxMark {
  read?: boolean;
  done?: boolean;
  snoozed_until?: number | null;
}
export async function markItems(items: string[], mark: InboxMark) {
  const { marked, ...counts } = await unwrap(client.POST("/inbox/marks", { body: { items, ...mark } }));
  foldInbox(counts);
  return marked;
}

export const lettersQuery = queryOptions({
  queryKey: ["letters"],
  queryFn: () => unwrap(client.GET("/me/letters")),
});
export async function chooseLetters(body: LetterChoice) {
  queryClient.setQueryData(lettersQuery.queryKey, await unwrap(client.PUT("/me/letters", { body })));
}
