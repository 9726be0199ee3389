// The one way to the server: same origin, session cookie, CSRF header on what changes something,
// problems as thrown errors, and the password question when the server wants a fresh one.
import createClient from "openapi-fetch";
import { hasCode, ProblemError, toProblem } from "./problem";
import type { paths } from "./schema";
import { askPassword } from "./step-up";
import type { Problem } from "./types";

let csrf = "";
export function setCsrf(token: string) {
  csrf = token;
}

let held: Problem | null = null;
/** Answers what would change anything with this problem, unsent, until told otherwise; sessions come and go still. */
export function holdChanges(problem: Problem | null) {
  held = problem;
}

const origin = typeof location === "undefined" ? "http://localhost" : location.origin;
export const client = createClient<paths>({
  baseUrl: `${origin}/api/v1`,
  fetch: (request) => globalThis.fetch(request),
});

client.use({
  onRequest({ request, schemaPath }) {
    if (request.method === "GET") return request;
    if (held && !schemaPath.startsWith("/session"))
      return Response.json(held, {
        status: held.status,
        headers: { "Content-Type": "application/problem+json" },
      });
    request.headers.set("X-Adit-Csrf", csrf);
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
