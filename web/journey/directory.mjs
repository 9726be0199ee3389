// Another company's directory: a certified OpenID provider on loopback, where everybody signs in with any password.
import { once } from "node:events";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

export const CLIENT = { id: "adit", secret: "known to the directory and to Adit" };

/** Whose login begins so says to have an e-mail that the directory has not checked. */
export const UNPROVEN = "unproven-";

/** Listens on a free port; `serve(callback)` begins to answer, for whoever may be sent back to `callback`. */
export async function startDirectory() {
  let answer = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const serve = (callback) => {
    const client = { client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [callback] };
    const findAccount = (_context, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id.replace(UNPROVEN, "")}@norte.example`,
        email_verified: !id.startsWith(UNPROVEN),
      }),
    });
    const claims = { openid: ["sub"], email: ["email", "email_verified"] };
    const provider = new Provider(issuer, { clients: [client], findAccount, claims });
    answer = provider.callback();
  };
  const stop = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return { issuer, serve, stop };
}
