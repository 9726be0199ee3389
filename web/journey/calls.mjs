// The HTTP interface, asked as a page's own person: for what a scene needs and is clicked through elsewhere.

/** Asks with the session of whoever sits at the page; gives the answer, and throws what was refused. */
export const call = (page, method, path, body) =>
  page.evaluate(
    async ([how, where, what]) => {
      const { csrf } = await (await fetch("/api/v1/session")).json();
      const headers = {
        "Content-Type": "application/json",
        "X-Adit-Csrf": csrf,
        "Idempotency-Key": crypto.randomUUID(),
      };
      const answer = await fetch(`/api/v1${where}`, {
        method: how,
        headers,
        body: what && JSON.stringify(what),
      });
      if (!answer.ok) throw new Error(`${how} ${where}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    [method, path, body],
  );

/** Asks for something; gives the request. */
export const ask = (page, action, params, targets = [], reason) =>
  call(page, "POST", "/requests", { action: { action, params }, targets, reason });

export const stateOf = async (page, { id }) => (await call(page, "GET", `/requests/${id}`)).state;
