// People, their grants and invitations. What changes them goes by request: some run at once, others wait.
import { queryOptions } from "@tanstack/react-query";
import type { GrantScope, GrantTerms } from "./account-types";
import { client, idempotencyKey, unwrap, withStepUp } from "./client";
import { amendRequest, keepRequest } from "./mutations";
import { queryClient } from "./query";
import type { Action, PolicyChange, Request } from "./types";

export const rolesQuery = queryOptions({
  queryKey: ["roles"],
  queryFn: () => unwrap(client.GET("/roles")),
});
export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: () => unwrap(client.GET("/people")),
});
/** What a grant may reach besides sites, as far as this person sees it. */
export const placesQuery = queryOptions({
  queryKey: ["places"],
  queryFn: async () => {
    const [containers, groups, subAccounts] = await Promise.all([
      unwrap(client.GET("/containers")),
      unwrap(client.GET("/groups")),
      unwrap(client.GET("/sub-accounts")),
    ]);
    return { containers: containers.items, groups: groups.items, subAccounts: subAccounts.items };
  },
  retry: false,
});
export const invitationsQuery = queryOptions({
  queryKey: ["invitations"],
  queryFn: () => unwrap(client.GET("/invitations")),
});

/** Why a person may or may not use a permission, on the whole or on a site or device. */
export const explainQuery = (subject: string, action: string, resource?: string) =>
  queryOptions({
    queryKey: ["explain", subject, action, resource ?? "account"],
    queryFn: () => unwrap(client.GET("/explain", { params: { query: { subject, action, resource } } })),
    retry: false,
  });

function reread() {
  for (const key of ["people", "permissions", "explain", "roles", "transfer", "policies"])
    void queryClient.invalidateQueries({ queryKey: [key] });
}

/** Asks once, with the same key when the proof of identity comes in between; what it changed is read anew. */
function submit(
  call: (headers: { "Idempotency-Key": string }) => Promise<Request | undefined>,
): Promise<Request> {
  const headers = idempotencyKey();
  return withStepUp(async () => {
    const request = keepRequest(await call(headers));
    reread();
    return request;
  });
}

/** Asks for something else in the place of a request that waits. */
export async function amend(request: Request, action: Action): Promise<Request> {
  const next = await amendRequest(request.id, action, [], request.reason ?? "");
  reread();
  return next;
}
export const ask = (action: Action) =>
  submit((headers) => unwrap(client.POST("/requests", { headers, body: { action, targets: [] } })));

export const addPerson = (email: string, terms: GrantTerms) =>
  submit((headers) => unwrap(client.POST("/people", { headers, body: { email, ...terms } })));
export const addGrant = (user: string, terms: GrantTerms) =>
  ask({ action: "add_grant", params: { user, ...terms } });
export const changeGrant = (grant: string, terms: GrantTerms) =>
  ask({ action: "change_grant", params: { grant, ...terms } });
export const removeGrant = (grant: string) => ask({ action: "remove_grant", params: { grant } });
export const suspendPerson = (user: string) => ask({ action: "suspend_user", params: { user } });
export const unsuspendPerson = (user: string) => ask({ action: "unsuspend_user", params: { user } });
/** In the same request counts come down that would need them. */
export const removePerson = (user: string, changes: PolicyChange[]) =>
  ask({ action: "remove_user", params: { user, ...(changes.length > 0 && { changes }) } });
export const createRole = (name: string, permissions: string[]) =>
  ask({ action: "create_role", params: { name, permissions } });
export const changeRole = (role: string, name: string, permissions: string[]) =>
  ask({ action: "change_role", params: { role, name, permissions } });
export const deleteRole = (role: string) => ask({ action: "delete_role", params: { role } });
export const letAdministratorsManage = (on: boolean) =>
  ask({ action: "set_administrators_manage_users", params: { on } });
export const leaveAccount = (left: string) =>
  withStepUp(() => unwrap(client.POST("/me/leave", { body: { account: left } })));

export async function invite(body: { email: string; role: string; scope: GrantScope; remark?: string }) {
  const invitation = await withStepUp(() => unwrap(client.POST("/invitations", { body })));
  void queryClient.invalidateQueries({ queryKey: invitationsQuery.queryKey });
  return invitation;
}
export async function withdrawInvitation(id: string) {
  await unwrap(client.DELETE("/invitations/{id}", { params: { path: { id } } }));
  await queryClient.invalidateQueries({ queryKey: invitationsQuery.queryKey });
}
