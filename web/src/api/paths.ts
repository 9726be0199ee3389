// The addresses of the HTTP interface in the form openapi-fetch reads.
import type * as T from "./types";

interface Params<Query, Path> {
  query?: Query;
  header?: never;
  path: Path;
  cookie?: never;
}
interface Open<Query> {
  query?: Query;
  header?: never;
  path?: never;
  cookie?: never;
}
interface Answer<Body> {
  headers: Record<string, unknown>;
  content: { "application/json": Body };
}
interface Op<Query, Path, Out> {
  parameters: keyof Path extends never ? Open<Query> : Params<Query, Path>;
  requestBody?: never;
  responses: {
    200: Answer<Out>;
    400: { headers: Record<string, unknown>; content: { "application/problem+json": T.Problem } };
  };
}
interface BodyOp<Query, Path, In, Out> {
  parameters: keyof Path extends never ? Open<Query> : Params<Query, Path>;
  requestBody: { content: { "application/json": In } };
  responses: {
    200: Answer<Out>;
    400: { headers: Record<string, unknown>; content: { "application/problem+json": T.Problem } };
  };
}
type None = Record<never, never>;
type Id = { id: string };
type Site = { site: string };

export interface paths {
  "/session": {
    get: Op<None, None, T.Session>;
    post: BodyOp<None, None, { email: string; password: string }, T.Session>;
    delete: Op<None, None, undefined>;
  };
  "/session/step-up": { post: BodyOp<None, None, { password: string }, T.Session> };
  "/demo-users": { get: Op<None, None, T.DemoUser[]> };
  "/overview": { get: Op<{ site?: string }, None, T.Overview> };
  "/devices": { get: Op<T.DeviceQuery, None, T.DevicePage> };
  "/devices/ids": { get: Op<T.DeviceQuery, None, { ids: string[] }> };
  "/devices/{id}": { get: Op<None, Id, T.DeviceRow> };
  "/me/permissions": { get: Op<{ device?: string }, None, T.PermissionVerdict[]> };
  "/draft": { get: Op<Site, None, T.Draft>; delete: Op<Site, None, undefined> };
  "/draft/changes": {
    post: BodyOp<Site, None, { action: T.Action; targets: string[] }, { draft: T.Draft; replaced: number }>;
  };
  "/draft/changes/{change}": { delete: Op<Site, { change: string }, T.Draft> };
  "/draft/changes/{change}/targets/{device}": {
    delete: Op<Site, { change: string; device: string }, T.Draft>;
  };
  "/draft/submit": { post: BodyOp<Site, None, { version: number; reason?: string }, T.SubmitResult> };
  "/requests": {
    get: Op<{ box?: T.Box; state?: string; cursor?: string; limit?: number }, None, T.RequestPage>;
    post: BodyOp<None, None, { action: T.Action; targets: string[]; reason?: string }, T.Request>;
  };
  "/requests/preview": { post: BodyOp<None, None, { action: T.Action; targets: string[] }, T.Preview> };
  "/requests/{id}": { get: Op<None, Id, T.Request> };
  "/requests/{id}/items": { get: Op<{ state?: string; cursor?: string; limit?: number }, Id, T.ItemPage> };
  "/requests/{id}/votes": {
    post: BodyOp<
      None,
      Id,
      { decision: "approve" | "reject"; content_hash: string; comment?: string },
      T.Request
    >;
  };
  "/requests/{id}/votes/me": { delete: Op<None, Id, T.Request> };
  "/requests/{id}/cancel": { post: BodyOp<None, Id, { reason: string }, T.Request> };
  "/approval-policies": {
    get: Op<None, None, { items: T.Policy[] }>;
    put: BodyOp<None, None, { changes: T.PolicyChange[]; reason?: string }, T.Request>;
  };
  "/agents": { get: Op<None, None, { items: T.Agent[] }> };
  "/audit": { get: Op<T.AuditQuery, None, T.AuditPage> };
}
