// Getting in, and looking after one's own sign-in. Every call throws a ProblemError on refusal.
import { queryOptions } from "@tanstack/react-query";
import { account } from "./account-client";
import type { FactorAnswer, PasskeyAnswer, SecondFactor, Setup, StepUp } from "./account-types";
import { client, unwrap, withStepUp } from "./client";
import { queryClient } from "./query";
import { enter, enterOffered, enterWith } from "./session";
import type { Session } from "./types";

export const signInOptionsQuery = queryOptions({
  queryKey: ["sign-in-options"],
  queryFn: () => unwrap(client.GET("/sign-in-options")),
  retry: false,
});

export const checkSetup = (token: string) => unwrap(client.POST("/setup/check", { body: { token } }));
export const setUp = async (setup: Setup) => enter(await unwrap(client.POST("/setup", { body: setup })));

/** Signs in; null when done, else what is still wanted. */
export async function signIn(email: string, password: string): Promise<SecondFactor | null> {
  try {
    const answer = await unwrap(client.POST("/session", { body: { email, password } }));
    if ("ticket" in answer) return answer;
    enter(answer);
  } catch (error) {
    enterOffered(error);
  }
  return null;
}
export const answerFactor = (ticket: string, answer: FactorAnswer) =>
  enterWith(unwrap(client.POST("/session/second-factor", { body: { ticket, ...answer } })));

export const beginPasskeySignIn = () => unwrap(account.POST("/session/passkey/begin", { body: {} }));
export const passkeySignIn = (answer: PasskeyAnswer) =>
  enterWith(unwrap(account.POST("/session/passkey", { body: answer })));

export const stepUp = (answer: StepUp): Promise<Session> =>
  unwrap(account.POST("/session/step-up", { body: answer }));
export const beginPasskeyStepUp = () => unwrap(account.POST("/session/step-up/passkey", { body: {} }));

export const askPasswordReset = (email: string) =>
  unwrap(client.POST("/password-resets", { body: { email } }));
export const resetPassword = (token: string, password: string) =>
  unwrap(client.POST("/password-resets/use", { body: { token, password } }));
export const verifyEmail = (token: string) =>
  unwrap(client.POST("/email-verifications", { body: { token } }));

export const checkInvitation = (token: string) =>
  unwrap(client.POST("/invitations/check", { body: { token } }));
export async function acceptInvitation(token: string, name: string, password: string) {
  const answer = await unwrap(client.POST("/invitations/accept", { body: { token, name, password } }));
  // With the role comes a session: the next page asks for it anew.
  if (answer.granted) queryClient.removeQueries();
  return answer;
}

// ---- my security page

export const securityQuery = queryOptions({
  queryKey: ["security"],
  queryFn: () => unwrap(client.GET("/me/security")),
});
export const sessionsQuery = queryOptions({
  queryKey: ["my-sessions"],
  queryFn: () => unwrap(client.GET("/me/sessions")),
  // Sessions come and go elsewhere, and no frame tells of them.
  staleTime: 0,
});

/** What changed shows on the page; sessions may have ended with it. */
async function changed<Data>(call: Promise<Data>): Promise<Data> {
  const answer = await call;
  void queryClient.invalidateQueries({ queryKey: securityQuery.queryKey });
  void queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey });
  return answer;
}

export const changePassword = (current: string | undefined, password: string) =>
  changed(withStepUp(() => unwrap(client.PUT("/me/password", { body: { current, password } }))));
export const sendVerification = () => unwrap(client.POST("/me/email-verification", { body: {} }));

export const beginTotp = () => withStepUp(() => unwrap(client.POST("/me/totp")));
export const confirmTotp = (code: string) =>
  changed(withStepUp(() => unwrap(client.POST("/me/totp/confirm", { body: { code } }))));
export const removeTotp = () => changed(withStepUp(() => unwrap(client.DELETE("/me/totp"))));
export const newRecoveryCodes = () => changed(withStepUp(() => unwrap(client.POST("/me/recovery-codes"))));

export const beginPasskey = () => withStepUp(() => unwrap(account.POST("/me/passkeys/begin", { body: {} })));
export const addPasskey = (answer: PasskeyAnswer, name: string) =>
  changed(withStepUp(() => unwrap(account.POST("/me/passkeys", { body: { ...answer, name } }))));
export const removePasskey = (id: string) =>
  changed(withStepUp(() => unwrap(account.DELETE("/me/passkeys/{id}", { params: { path: { id } } }))));

/** The address at the provider that links it to this person. */
export const linkIdentity = (id: string) =>
  withStepUp(() => unwrap(account.POST("/me/identities/{id}", { params: { path: { id } }, body: {} })));
export const removeIdentity = (id: string) =>
  changed(withStepUp(() => unwrap(account.DELETE("/me/identities/{id}", { params: { path: { id } } }))));

export const endSession = (id: string) =>
  changed(unwrap(client.DELETE("/me/sessions/{id}", { params: { path: { id } } })));
export const endOtherSessions = () => changed(unwrap(client.DELETE("/me/sessions")));
