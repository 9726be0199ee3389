// People, their grants and invitations. What changes them goes by request: some run at once, others wait.
import { queryOptions } from "@tanstack/react-query";
import { account } from "./account-client";
import type { GrantTerms, InvitationAsk, Request } from "./account-types";
import { client, idempotencyKey, unwrap, withStepUp } from "./client";
import { keepRequest } from "./mutations";
import { queryClient } from "./query";

export const rolesQuery = queryOptions({
  queryKey: ["roles"],
  queryFn: () => unwrap(client.GET("/roles")),
});
export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: () => unwrap(account.GET("/people")),
});
export const invitationsQuery = queryOptions({
  queryKey: ["invitations"],
  queryFn: () => unwrap(account.GET("/invitations")),
});

/** Why a person may or may not use a permission, on the whole or on a site or device. */
export const explainQuery = (subject: string, action: string, resource?: string) =>
  queryOptions({
    queryKey: ["explain", subject, action, resource ?? "account"],
    queryFn: () => unwrap(client.GET("/explain", { params: { query: { subject, action, resource } } })),
    retry: false,
  });

/** Asks once, with the same key when the proof of identity comes in between; what it changed is read anew. */
function ask(call: (headers: { "Idempotency-Key": string }) => Promise<Request>): Promise<Request> {
  const headers = idempotencyKey();
  return withStepUp(async () => {
    const request = keepRequest(await call(headers));
    for (const key of ["people", "permissions", "explain", "roles"])
      void queryClient.invalidateQueries({ queryKey: [key] });
    return request;
  });
}

export const addPerson = (email: string, terms: GrantTerms) =>
  ask((headers) => unwrap(account.POST("/people", { headers, body: { email, ...terms } })));
export const addGrant = (id: string, terms: GrantTerms) =>
  ask((headers) =>
    unwrap(account.POST("/people/{id}/grants", { headers, params: { path: { id } }, body: terms })),
  );
export const changeGrant = (id: string, terms: GrantTerms) =>
  ask((headers) => unwrap(account.PUT("/grants/{id}", { headers, params: { path: { id } }, body: terms })));
export const removeGrant = (id: string) =>
  ask((headers) => unwrap(account.DELETE("/grants/{id}", { headers, params: { path: { id } } })));
export const suspendPerson = (id: string) =>
  ask((headers) =>
    unwrap(account.POST("/people/{id}/suspend", { headers, params: { path: { id } }, body: {} })),
  );
export const unsuspendPerson = (id: string) =>
  ask((headers) =>
    unwrap(account.POST("/people/{id}/unsuspend", { headers, params: { path: { id } }, body: {} })),
  );
export const removePerson = (id: string) =>
  ask((headers) => unwrap(account.DELETE("/people/{id}", { headers, params: { path: { id } } })));
export const leaveAccount = () => withStepUp(() => unwrap(account.POST("/me/leave", { body: {} })));

export async function invite(body: InvitationAsk) {
  const invitation = await withStepUp(() => unwrap(account.POST("/invitations", { body })));
  void queryClient.invalidateQueries({ queryKey: invitationsQuery.queryKey });
  return invitation;
}
export async function withdrawInvitation(id: string) {
  await unwrap(account.DELETE("/invitations/{id}", { params: { path: { id } } }));
  await queryClient.invalidateQueries({ queryKey: invitationsQuery.queryKey });
}
