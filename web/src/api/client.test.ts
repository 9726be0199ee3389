// @vitest-environment node
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { client, holdChanges, idempotencyKey, setCsrf, unwrap, withStepUp } from "./client";
import { ProblemError } from "./problem";
import { finishStepUp, useStepUp } from "./step-up";

const API = "http://localhost/api/v1";
const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const problem = (status: number, code: string) =>
  HttpResponse.json(
    { type: `https://adit.dev/problems/${code}`, title: code, status, code, detail: "Say it again." },
    { status, headers: { "content-type": "application/problem+json" } },
  );

/** Resolves when the question for the password is asked. */
function asked(): Promise<void> {
  return new Promise((resolve) => {
    const stop = useStepUp.subscribe((state) => {
      if (!state.pending) return;
      stop();
      resolve();
    });
  });
}

const restart = (headers: Record<string, string>) => () =>
  unwrap(
    client.POST("/requests", {
      headers,
      body: { action: { action: "restart_workers", params: { site: "site-1" } }, targets: [] },
    }),
  );

it("sends the token with what changes something, and only with that", async () => {
  const tokens: (string | null)[] = [];
  server.use(
    http.all(`${API}/session`, ({ request }) => {
      tokens.push(request.headers.get("x-adit-csrf"));
      return request.method === "GET" ? HttpResponse.json({}) : new HttpResponse(null, { status: 204 });
    }),
  );
  setCsrf("token");
  await unwrap(client.GET("/session"));
  await unwrap(client.DELETE("/session"));
  expect(tokens).toEqual([null, "token"]);
});

it("throws the server's problem, and one of its own when there is no answer", async () => {
  server.use(http.get(`${API}/agents`, () => problem(409, "busy")));
  await expect(unwrap(client.GET("/agents"))).rejects.toMatchObject({
    problem: { code: "busy", status: 409 },
  });
  server.use(http.get(`${API}/agents`, () => HttpResponse.text("<html>", { status: 502 })));
  await expect(unwrap(client.GET("/agents"))).rejects.toMatchObject({ problem: { status: 502 } });
  server.use(http.get(`${API}/agents`, () => HttpResponse.error()));
  await expect(unwrap(client.GET("/agents"))).rejects.toMatchObject({ problem: { code: "unreachable" } });
});

it("asks for the password and sends the same attempt again", async () => {
  const keys: (string | null)[] = [];
  server.use(
    http.post(`${API}/requests`, ({ request }) => {
      keys.push(request.headers.get("idempotency-key"));
      return keys.length === 1
        ? problem(401, "step_up_required")
        : HttpResponse.json({ id: "01J" }, { status: 202 });
    }),
  );
  const question = asked();
  const answer = withStepUp(restart(idempotencyKey()));
  await question;
  finishStepUp(true);
  await expect(answer).resolves.toMatchObject({ id: "01J" });
  expect(keys).toHaveLength(2);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0]);
});

it("does nothing more when the password is not given", async () => {
  server.use(http.post(`${API}/requests`, () => problem(401, "step_up_required")));
  const question = asked();
  const answer = withStepUp(restart({}));
  await question;
  finishStepUp(false);
  const error = await answer.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ProblemError);
  expect((error as ProblemError).problem.code).toBe("step_up_cancelled");
});

it("sends nothing that changes anything while somebody looks as a role, but lets them sign out", async () => {
  const asked: string[] = [];
  server.use(
    http.all(`${API}/*`, ({ request }) => {
      asked.push(`${request.method} ${new URL(request.url).pathname}`);
      return HttpResponse.json({});
    }),
  );
  holdChanges({ type: "about:blank", title: "Held", status: 403, code: "seeing_as", detail: "" });
  await expect(restart({})()).rejects.toMatchObject({ problem: { code: "seeing_as" } });
  await unwrap(client.GET("/agents"));
  await unwrap(client.DELETE("/session"));
  holdChanges(null);
  await restart({})();
  expect(asked).toEqual(["GET /api/v1/agents", "DELETE /api/v1/session", "POST /api/v1/requests"]);
});
