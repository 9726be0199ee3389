// The browser's side of passkeys: the server's options in, what the server checks out.
import type { PasskeyAnswer, PasskeyCreation, PasskeyRequest } from "./account-types";
import { ProblemError } from "./problem";

/** Can this browser make and use passkeys here? */
export function passkeysWork(at: { origin: string } | null | undefined): boolean {
  return (
    at != null &&
    location.origin === at.origin &&
    typeof PublicKeyCredential === "function" &&
    "parseRequestOptionsFromJSON" in PublicKeyCredential
  );
}

export async function makePasskey({ ticket, options }: PasskeyCreation): Promise<PasskeyAnswer> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return answer(ticket, () => navigator.credentials.create({ publicKey }));
}

export async function givePasskey({ ticket, options }: PasskeyRequest): Promise<PasskeyAnswer> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return answer(ticket, () => navigator.credentials.get({ publicKey }));
}

async function answer(ticket: string, ask: () => Promise<Credential | null>): Promise<PasskeyAnswer> {
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch (error) {
    throw refusal(error);
  }
  if (!(credential instanceof PublicKeyCredential)) throw refusal(null);
  return { ticket, credential: credential.toJSON() };
}

const SAID: Record<string, [title: string, detail: string]> = {
  InvalidStateError: [
    "This device has a passkey already",
    "It is listed below: nothing more is needed here.",
  ],
  NotAllowedError: [
    "No passkey was given",
    "You closed the question, it took too long, or this device has no passkey for this server.",
  ],
  SecurityError: ["Passkeys do not work at this address", "Open the console at its own name, over HTTPS."],
};

/** What the browser refused, in our words. */
export function refusal(error: unknown): ProblemError {
  const name = error instanceof DOMException ? error.name : "";
  const [title, detail] = SAID[name] ?? ["The passkey could not be used", "Try again, or use another way."];
  return new ProblemError({
    type: "about:blank",
    title,
    detail,
    status: 0,
    code: name === "NotAllowedError" ? "passkey_not_given" : "passkey_failed",
  });
}
