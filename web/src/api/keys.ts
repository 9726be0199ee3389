// One's own API keys: made, renamed, narrowed, rotated and revoked by whoever has API access.
import { queryOptions } from "@tanstack/react-query";
import { client, idempotencyKey, unwrap, withStepUp } from "./client";
import { queryClient } from "./query";
import type { ApiKey, Origins } from "./types";

export const ownKeysQuery = queryOptions({
  queryKey: ["own-keys"],
  queryFn: () => unwrap(client.GET("/me/keys")),
  // No frame tells of calls.
  refetchInterval: 15_000,
});

async function changed<Data>(call: Promise<Data>): Promise<Data> {
  const answer = await call;
  void queryClient.invalidateQueries({ queryKey: ownKeysQuery.queryKey });
  return answer;
}

export interface NewKey {
  grant: string;
  name: string;
  access: "read_only" | "read_write";
  expires_in_days: number | null;
  from: Origins;
  require_hmac: boolean;
}

/** Once, also when the proof of identity comes in between. */
export function issueKey(body: NewKey) {
  const headers = idempotencyKey();
  return changed(withStepUp(() => unwrap(client.POST("/me/keys", { headers, body }))));
}

export function rotateKey(id: string, hours: number) {
  const headers = idempotencyKey();
  const body = { overlap_hours: hours };
  return changed(
    withStepUp(() =>
      unwrap(client.POST("/me/keys/{id}/rotation", { params: { path: { id } }, headers, body })),
    ),
  );
}

export interface KeyChange {
  name: string;
  from: Origins;
  expires_at: number | null;
  require_hmac: boolean;
}
/** Refused if somebody else's click has changed it since it was shown. */
export const changeKey = (key: ApiKey, body: KeyChange) =>
  changed(
    unwrap(
      client.PUT("/me/keys/{id}", {
        params: { path: { id: key.id }, header: { "if-match": `"${key.etag}"` } },
        body,
      }),
    ),
  );

export const revokeKey = (id: string) =>
  changed(unwrap(client.DELETE("/me/keys/{id}", { params: { path: { id } } })));
