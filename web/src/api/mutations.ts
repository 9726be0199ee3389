// What the pages change. Every call throws a ProblemError on refusal.
import { account } from "./account-client";
import type { PasskeyAnswer } from "./account-types";
import { client, idempotencyKey, unwrap, withStepUp } from "./client";
import { givePasskey } from "./passkeys";
import { hasCode, ProblemError, toProblem } from "./problem";
import { draftQuery } from "./queries";
import { queryClient, reread } from "./query";
import { recheckSession } from "./session";
import type { Action, Draft, PolicyChange, Request } from "./types";

function keepDraft(draft: Draft): Draft {
  queryClient.setQueryData(draftQuery(draft.site).queryKey, draft);
  reread(["overview"]);
  return draft;
}

export async function addToDraft(site: string, action: Action, targets: string[]) {
  const before = queryClient.getQueryData(draftQuery(site).queryKey);
  const answer = await unwrap(
    client.POST("/draft/changes", { params: { query: { site } }, body: { action, targets } }),
  );
  keepDraft(answer.draft);
  const known = new Set(before?.changes.map((change) => change.id));
  return { ...answer, added: answer.draft.changes.find((change) => !known.has(change.id)) ?? null };
}

export async function removeChange(site: string, change: string) {
  return keepDraft(
    await unwrap(client.DELETE("/draft/changes/{change}", { params: { query: { site }, path: { change } } })),
  );
}

export async function removeTarget(site: string, change: string, device: string) {
  return keepDraft(
    await unwrap(
      client.DELETE("/draft/changes/{change}/targets/{device}", {
        params: { query: { site }, path: { change, device } },
      }),
    ),
  );
}

export async function discardDraft(site: string) {
  await unwrap(client.DELETE("/draft", { params: { query: { site } } }));
  await queryClient.invalidateQueries({ queryKey: ["draft", site] });
  reread(["overview"]);
}

export function submitDraft(site: string, version: number, reason: string) {
  const headers = idempotencyKey();
  return withStepUp(async () => {
    const answer = await unwrap(
      client.POST("/draft/submit", {
        params: { query: { site } },
        headers,
        body: { version, reason: reason || undefined },
      }),
    );
    void queryClient.invalidateQueries({ queryKey: ["draft", site] });
    requestsChanged();
    return answer;
  });
}

export function createRequest(action: Action, targets: string[], reason?: string) {
  const headers = idempotencyKey();
  return withStepUp(async () =>
    keepRequest(
      await unwrap(
        client.POST("/requests", {
          headers,
          body: { action, targets, reason: reason || undefined },
        }),
      ),
    ),
  );
}

/** Puts another revision in the place of a request that waits. */
export function amendRequest(id: string, action: Action, targets: string[], reason: string) {
  const headers = idempotencyKey();
  return withStepUp(async () => {
    const request = keepRequest(
      await unwrap(
        client.POST("/requests/{id}/amend", {
          params: { path: { id } },
          headers,
          body: { action, targets, reason: reason || undefined },
        }),
      ),
    );
    void queryClient.invalidateQueries({ queryKey: ["request", id] });
    return request;
  });
}

/** What devices have for pools now. */
export function poolsNow(targets: readonly string[]) {
  return unwrap(client.POST("/devices/pools", { body: { targets: [...targets] } }));
}

export function previewRequest(action: Action, targets: string[]) {
  return unwrap(client.POST("/requests/preview", { body: { action, targets } }));
}

export async function vote(request: Request, decision: "approve" | "reject", comment: string) {
  const cast = (assertion?: PasskeyAnswer) =>
    withStepUp(async () =>
      keepRequest(
        await unwrap(
          client.POST("/requests/{id}/votes", {
            params: { path: { id: request.id } },
            body: { decision, content_hash: request.content_hash, comment: comment || undefined, assertion },
          }),
        ),
      ),
    );
  try {
    return await cast();
  } catch (error) {
    if (!hasCode(error, "passkey_required")) throw error;
    const begun = await unwrap(
      account.POST("/requests/{id}/votes/passkey", {
        params: { path: { id: request.id } },
        body: { decision, content_hash: request.content_hash },
      }),
    );
    return await cast(await givePasskey(begun));
  }
}

export async function withdrawVote(id: string) {
  return keepRequest(await unwrap(client.DELETE("/requests/{id}/votes/me", { params: { path: { id } } })));
}

export async function cancelRequest(id: string, reason: string) {
  return keepRequest(
    await unwrap(client.POST("/requests/{id}/cancel", { params: { path: { id } }, body: { reason } })),
  );
}

export function changePolicies(changes: PolicyChange[], reason: string) {
  const headers = idempotencyKey();
  return withStepUp(async () => {
    const request = keepRequest(
      await unwrap(
        client.PUT("/approval-policies", {
          headers,
          body: { changes, reason: reason || undefined },
        }),
      ),
    );
    void queryClient.invalidateQueries({ queryKey: ["policies"] });
    return request;
  });
}

/** Keeps a request as the server tells it now. Whoever has lost sight of it by what it did is told that it is done, as their session is. */
export function keepRequest(request: Request | undefined): Request {
  if (!request) {
    requestsChanged();
    void recheckSession();
    throw new ProblemError({
      ...toProblem(null, 204),
      code: "out_of_sight",
      title: "Done",
      detail: "It was carried out, and by it you do not see it any more.",
    });
  }
  queryClient.setQueryData(["request", request.id], request);
  requestsChanged();
  return request;
}

function requestsChanged() {
  void queryClient.invalidateQueries({ queryKey: ["requests"] });
  reread(["overview"]);
  void queryClient.invalidateQueries({ queryKey: ["audit"], refetchType: "none" });
}
