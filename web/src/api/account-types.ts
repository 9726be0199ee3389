// The shapes of sign-in, a person's own security, people and their grants.
import type { Request, Session, UserRef } from "./types";

export interface SignInOptions {
  /** There is no account yet: the set-up link that the server printed leads on. */
  setup: boolean;
  /** The server sends mail, so a forgotten password can be reset. */
  email: boolean;
  /** Where passkeys of this server work; they are offered only there. */
  passkeys: { rp_id: string; origin: string } | null;
  sso: { id: string; name: string }[];
}
export interface Setup {
  token: string;
  company: string;
  name: string;
  email: string;
  password: string;
}
export type Factor = "totp" | "recovery_code" | "passkey";
export interface SecondFactor {
  ticket: string;
  factors: Factor[];
  expires_at: number;
}
export type FactorAnswer = { code: string } | { recovery_code: string };
export interface PasskeyAnswer {
  ticket: string;
  credential: unknown;
}
export interface PasskeyCreation {
  ticket: string;
  options: PublicKeyCredentialCreationOptionsJSON;
}
export interface PasskeyRequest {
  ticket: string;
  options: PublicKeyCredentialRequestOptionsJSON;
}
export type StepUp = { password: string } | FactorAnswer | { passkey: PasskeyAnswer };

export interface Passkey {
  id: string;
  name: string;
  created_at: number;
  last_used_at: number | null;
}
export interface Identity {
  id: string;
  provider: string;
  name: string;
  email: string | null;
  linked_at: number;
}
export interface Security {
  email: string;
  email_verified: boolean;
  password: { set: boolean; changed_at: number | null };
  totp: { on: boolean; since: number | null; recovery_codes_left: number };
  passkeys: Passkey[];
  identities: Identity[];
  /** Providers that can be linked. */
  sso: { id: string; name: string }[];
}
export interface SessionInfo {
  id: string;
  current: boolean;
  created_at: number;
  last_seen_at: number;
  authenticated_at: number;
  address: string;
  user_agent: string;
  expires_at: number;
}
export interface TotpSecret {
  secret: string;
  uri: string;
}
export interface RecoveryCodes {
  recovery_codes: string[];
}

/** Where a grant reaches: everything there is and will be, or some sites. */
export type GrantScope = { all: true } | { sites: string[] };
export interface Invitation {
  id: string;
  email: string;
  role: string;
  scope: GrantScope;
  remark: string | null;
  invited_by: UserRef;
  created_at: number;
  expires_at: number;
  state: "open" | "accepted" | "expired" | "withdrawn";
  mail: "sent" | "failed" | "not_configured" | "sending";
}
export interface InvitationAsk {
  email: string;
  role: string;
  scope: GrantScope;
  remark?: string;
}
export interface InvitationCheck {
  company: string;
  email: string;
  role: string;
  invited_by: string;
  expires_at: number;
}

export type ApiAccess = "none" | "read_only" | "read_write";
export interface PersonGrant {
  id: string;
  role: string;
  scope: GrantScope;
  remark: string | null;
  expires_at: number | null;
  api_access: ApiAccess;
}
export interface Person {
  user: UserRef;
  email: string;
  grants: PersonGrant[];
  suspended: boolean;
  last_seen_at: number | null;
  second_factor: boolean;
  /** Requests about this person that are not decided yet. */
  open: { request: string; number: number; title: string }[];
}
export interface PeoplePage {
  items: Person[];
  /** The account's setting that lets Administrators manage people below Administrator. */
  administrators_manage_users: boolean;
}
export interface GrantTerms {
  role: string;
  scope: GrantScope;
  remark?: string;
  expires_at?: number;
  api_access?: ApiAccess;
}
export type { Request, Session };
