// The one way to the server: same origin, session cookie, CSRF header on what changes something,
// problems as thrown errors, and the password question when the server wants a fresh one.
import createClient from "openapi-fetch";
import { hasCode, ProblemError, toProblem } from "./problem";
import type { paths } from "./schema";
import { askPassword } from "./step-up";

let csrf = "";
export function setCsrf(token: string) {
  csrf = token;
}

const origin = typeof location === "undefined" ? "http://localhost" : location.origin;
export const client = createClient<paths>({
  baseUrl: `${origin}/api/v1`,
  fetch: (request) => globalThis.fetch(request),
});

client.use({
  onRequest({ request }) {
    if (request.method !== "GET") request.headers.set("X-Adit-Csrf", csrf);
    return request;
  },
});

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of an answer, or its problem thrown. */
export async function unwrap<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  let answer: Answer<Data>;
  try {
    answer = await call;
  } catch {
    throw new ProblemError(toProblem(null, 0));
  }
  if (!answer.response.ok) throw new ProblemError(toProblem(answer.error, answer.response.status));
  return answer.data as Data;
}

/** Runs a call; if the server wants the password again, asks for it and runs the call once more. */
export async function withStepUp<Data>(call: () => Promise<Data>): Promise<Data> {
  try {
    return await call();
  } catch (error) {
    if (!hasCode(error, "step_up_required")) throw error;
    await askPassword();
    return await call();
  }
}

/** A key for one attempt to create something; the same key on a repeat creates nothing twice. */
export function idempotencyKey(): { "Idempotency-Key": string } {
  return { "Idempotency-Key": crypto.randomUUID() };
}
