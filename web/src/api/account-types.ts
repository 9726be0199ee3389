// What sign-in will add to the interface beyond its OpenAPI document: passkeys, linked identities, and people by e-mail.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type SecondFactor = Schemas["SecondFactor"];
export type FactorAnswer = { code: string } | { recovery_code: string };
export interface PasskeyAnswer {
  ticket: string;
  credential: Record<string, unknown>;
}
export interface PasskeyCreation {
  ticket: string;
  options: PublicKeyCredentialCreationOptionsJSON;
}
export interface PasskeyRequest {
  ticket: string;
  options: PublicKeyCredentialRequestOptionsJSON;
}
export type Vote = Schemas["VoteIntent"];
export type StepUp = { password: string } | FactorAnswer | { passkey: PasskeyAnswer };

export type Passkey = Schemas["Passkey"];
export type Identity = Schemas["Identity"];
export type Security = Schemas["Security"];
export type SessionInfo = Schemas["SessionInfo"];
export type TotpSecret = Schemas["TotpSecret"];
export type Setup = Schemas["Setup"];

export type GrantScope = Schemas["Scope"];
export type Invitation = Schemas["Invitation"];
export type InvitationOffer = Schemas["InvitationOffer"];
export type Person = Schemas["Person"];
export type PersonGrant = Schemas["Grant"];
export type ApiAccess = PersonGrant["api_access"];
/** What a grant is to be; the role by its code. */
export interface GrantTerms {
  role: string;
  scope: GrantScope;
  remark?: string;
  expires_at?: number;
  api_access?: ApiAccess;
}
