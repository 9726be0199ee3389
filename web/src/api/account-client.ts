// Addresses of sign-in and people that the OpenAPI document does not have, in the form openapi-fetch reads. They go
// the same way as all others: the same client, the same header, the same problems.
import type { Client } from "openapi-fetch";
import type * as T from "./account-types";
import { client } from "./client";
import type { Session } from "./types";

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
interface Responses<Out> {
  200: Answer<Out>;
  400: { headers: Record<string, unknown>; content: { "application/problem+json": unknown } };
}
interface Get<Out, Path = None, Query = None> {
  parameters: keyof Path extends never ? Open<Query> : Params<Query, Path>;
  requestBody?: never;
  responses: Responses<Out>;
}
interface Send<In, Out, Path = None> {
  parameters: keyof Path extends never ? Open<None> : Params<None, Path>;
  requestBody: { content: { "application/json": In } };
  responses: Responses<Out>;
}
type None = Record<never, never>;
type Id = { id: string };

interface AccountPaths {
  "/session/step-up": { post: Send<T.StepUp, Session> };
  "/session/step-up/passkey": { post: Send<None, T.PasskeyRequest> };
  "/requests/{id}/votes/passkey": { post: Send<T.Vote, T.PasskeyRequest, Id> };
  "/session/passkey/begin": { post: Send<None, T.PasskeyRequest> };
  "/session/passkey": { post: Send<T.PasskeyAnswer, Session> };
  "/me/passkeys/begin": { post: Send<None, T.PasskeyCreation> };
  "/me/passkeys": { post: Send<T.PasskeyAnswer & { name: string }, T.Passkey> };
  "/me/passkeys/{id}": { delete: Get<undefined, Id> };
  "/me/identities/{id}": { post: Send<None, { location: string }, Id>; delete: Get<undefined, Id> };
}

export const account = client as unknown as Client<AccountPaths>;
