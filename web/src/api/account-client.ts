// The addresses of sign-in, security and people, in the form openapi-fetch reads. They go the same way as all
// others: the same client, the same header, the same problems.
import type { Client } from "openapi-fetch";
import type * as T from "./account-types";
import { client } from "./client";

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
type Token = { token: string };

interface AccountPaths {
  "/sign-in-options": { get: Get<T.SignInOptions> };
  "/setup": { post: Send<T.Setup, T.Session> };
  "/setup/check": { post: Send<Token, undefined> };
  "/session": { post: Send<{ email: string; password: string }, T.Session | T.SecondFactor> };
  "/session/second-factor": { post: Send<{ ticket: string } & T.FactorAnswer, T.Session> };
  "/session/step-up": { post: Send<T.StepUp, T.Session> };
  "/session/step-up/passkey": { post: Send<None, T.PasskeyRequest> };
  "/session/passkey/begin": { post: Send<None, T.PasskeyRequest> };
  "/session/passkey": { post: Send<T.PasskeyAnswer, T.Session> };
  "/password-resets": { post: Send<{ email: string }, None> };
  "/password-resets/use": { post: Send<Token & { password: string }, undefined> };
  "/email-verifications": { post: Send<Token, undefined> };
  "/invitations": {
    get: Get<{ items: T.Invitation[] }>;
    post: Send<T.InvitationAsk, T.Invitation & { link: string }>;
  };
  "/invitations/{id}": { delete: Get<undefined, Id> };
  "/invitations/check": { post: Send<Token, T.InvitationCheck> };
  "/invitations/accept": {
    post: Send<Token & { name: string; password: string }, { granted: boolean; request: string }>;
  };
  "/me/security": { get: Get<T.Security> };
  "/me/email-verification": { post: Send<None, None> };
  "/me/password": { put: Send<{ current?: string; password: string }, undefined> };
  "/me/totp": { post: Send<None, T.TotpSecret>; delete: Get<undefined> };
  "/me/totp/confirm": { post: Send<{ code: string }, T.RecoveryCodes> };
  "/me/recovery-codes": { post: Send<None, T.RecoveryCodes> };
  "/me/passkeys/begin": { post: Send<None, T.PasskeyCreation> };
  "/me/passkeys": { post: Send<T.PasskeyAnswer & { name: string }, T.Passkey> };
  "/me/passkeys/{id}": { delete: Get<undefined, Id> };
  "/me/identities/{id}": { post: Send<None, { location: string }, Id>; delete: Get<undefined, Id> };
  "/me/sessions": { get: Get<{ items: T.SessionInfo[] }>; delete: Get<{ ended: number }> };
  "/me/sessions/{id}": { delete: Get<undefined, Id> };
  "/people": { get: Get<T.PeoplePage>; post: Send<{ email: string } & T.GrantTerms, T.Request> };
  "/people/{id}": { delete: Get<T.Request, Id> };
  "/people/{id}/grants": { post: Send<T.GrantTerms, T.Request, Id> };
  "/people/{id}/suspend": { post: Send<None, T.Request, Id> };
  "/people/{id}/unsuspend": { post: Send<None, T.Request, Id> };
  "/grants/{id}": { put: Send<T.GrantTerms, T.Request, Id>; delete: Get<T.Request, Id> };
  "/me/leave": { post: Send<None, undefined> };
}

export const account = client as unknown as Client<AccountPaths>;
