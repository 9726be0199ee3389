import type { Problem } from "./types";

/** An answer of the server that is not a success, as something to throw. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ProblemError";
    this.problem = problem;
  }
}

/** Reads whatever an error answer holds into a problem; never throws. */
export function toProblem(body: unknown, status: number): Problem {
  if (typeof body === "object" && body !== null && "title" in body) {
    const known = body as Partial<Problem>;
    return {
      type: known.type ?? "about:blank",
      title: sentence(known.title ?? "Something went wrong"),
      status: known.status ?? status,
      code: known.code ?? "unknown",
      detail: sentence(known.detail ?? ""),
      errors: known.errors,
      request_id: known.request_id,
    };
  }
  return {
    type: "about:blank",
    title: status >= 500 || status === 0 ? "The server did not answer" : "The server refused this",
    status,
    code: status === 0 ? "unreachable" : "unknown",
    detail:
      status === 0
        ? "Check the connection and try again."
        : `It answered with status ${status} and no explanation.`,
  };
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return toProblem(null, 0);
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof ProblemError && error.problem.code === code;
}
