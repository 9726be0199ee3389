// Addresses outside that are told what happens on the account, and what came of telling them.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { client, unwrap, withStepUp } from "./client";
import { queryClient } from "./query";

export const webhooksQuery = queryOptions({
  queryKey: ["webhooks"],
  queryFn: () => unwrap(client.GET("/webhooks")),
  // No frame tells of deliveries.
  refetchInterval: 5_000,
});
export const deliveriesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["webhook-deliveries", id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET("/webhooks/{id}/deliveries", {
          params: { path: { id }, query: { limit: 25, cursor: pageParam } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: 5_000,
  });

async function changed<Data>(call: Promise<Data>): Promise<Data> {
  const answer = await call;
  void queryClient.invalidateQueries({ queryKey: webhooksQuery.queryKey });
  void queryClient.invalidateQueries({ queryKey: ["webhook-deliveries"] });
  return answer;
}

export interface WebhookTerms {
  name: string;
  /** Empty: as it is. */
  url: string;
  types: string[];
}
export const createWebhook = (terms: WebhookTerms) =>
  changed(withStepUp(() => unwrap(client.POST("/webhooks", { body: terms }))));
export const changeWebhook = (id: string, { url, ...rest }: WebhookTerms) =>
  changed(
    withStepUp(() =>
      unwrap(
        client.PUT("/webhooks/{id}", { params: { path: { id } }, body: { ...rest, ...(url && { url }) } }),
      ),
    ),
  );
export const removeWebhook = (id: string) =>
  changed(unwrap(client.DELETE("/webhooks/{id}", { params: { path: { id } } })));
export const rotateSecret = (id: string) =>
  changed(withStepUp(() => unwrap(client.POST("/webhooks/{id}/secret", { params: { path: { id } } }))));
export const testWebhook = (id: string) =>
  changed(unwrap(client.POST("/webhooks/{id}/test", { params: { path: { id } } })));
export const deliverAgain = (id: string, delivery: string) =>
  changed(
    unwrap(client.POST("/webhooks/{id}/deliveries/{delivery}/again", { params: { path: { id, delivery } } })),
  );
