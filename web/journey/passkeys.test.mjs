// Passkeys in a real browser with a virtual authenticator, through the pages and then past them, against the built program:
//   ADIT_BIN=../target/debug/adit node --test journey/passkeys.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "./people.mjs";
import { setUp, startServer } from "./server.mjs";

const EMAIL = "lena@norte.example";
const PASSWORD = "seven green kites over a dam";

let server;
let people;
let page;
let devtools;
let authenticator;

/** A call from the page, with its cookie and CSRF token. */
function call(method, path, body) {
  return page.evaluate(
    async ([method, path, body]) => {
      const headers = { "content-type": "application/json", "x-adit-csrf": window.csrf ?? "" };
      const answer = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
      const text = await answer.text();
      const json = text ? JSON.parse(text) : null;
      if (json?.csrf) window.csrf = json.csrf;
      return { status: answer.status, body: json };
    },
    [method, path, body],
  );
}

/** What the authenticator makes of the options, as JSON. */
function create(options) {
  return page.evaluate(async (json) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
    return (await navigator.credentials.create({ publicKey })).toJSON();
  }, options);
}

function get(options) {
  return page.evaluate(async (json) => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
    return (await navigator.credentials.get({ publicKey })).toJSON();
  }, options);
}

async function succeeds(method, path, body, status = 200) {
  let answer = await call(method, path, body);
  if (answer.body?.code === "step_up_required") {
    await succeeds("POST", "/session/step-up", { password: PASSWORD });
    answer = await call(method, path, body);
  }
  assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

async function refused(method, path, body, status, code) {
  const answer = await call(method, path, body);
  assert.deepEqual([answer.status, answer.body?.code], [status, code], `${method} ${path}`);
}

before(async () => {
  server = await startServer();
  people = await openBrowser(server.url);
  page = await people.newPage("Lena", { password: PASSWORD });
  devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const added = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  authenticator = added.authenticatorId;
});

after(async () => {
  await people?.browser.close();
  await server?.stop();
});

test("a passkey is added and signs in by the pages' own buttons", async () => {
  await setUp(page, server, { company: "Norte", name: "Lena Ortiz", email: EMAIL, password: PASSWORD });
  const me = page.getByRole("button", { name: "Lena Ortiz: account and appearance" });
  await me.click();
  await page.getByRole("menuitem", { name: "Security" }).click();
  await page.getByRole("button", { name: "Add a passkey…" }).click();
  const naming = page.getByRole("dialog", { name: "Name the passkey" });
  await naming.getByLabel("Name").fill("The office key");
  await naming.getByRole("button", { name: "Keep" }).click();
  const remove = page.getByRole("button", { name: "Remove the passkey The office key" });
  await remove.waitFor();

  await me.click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await me.waitFor();
  await page.goto("/s/all/security");
  const kept = page.getByRole("listitem").filter({ has: remove });
  await kept.getByText(/, used /).waitFor();

  await remove.click();
  const sure = page.getByRole("dialog", { name: "Remove The office key?" });
  await sure.getByRole("button", { name: "Remove", exact: true }).click();
  await remove.waitFor({ state: "detached" });
  assert.deepEqual(people.complaints, []);
  await me.click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("region", { name: "Other ways to sign in" }).getByRole("alert").waitFor();
  await devtools.send("WebAuthn.clearCredentials", { authenticatorId: authenticator });
});

let passkey;

test("one is added by whoever is signed in", async () => {
  await succeeds("POST", "/session", { email: EMAIL, password: PASSWORD });
  const offered = await succeeds("GET", "/sign-in-options");
  assert.deepEqual(offered.passkeys, { rp_id: "localhost", origin: server.url });

  const begun = await succeeds("POST", "/me/passkeys/begin", {});
  // An authenticator that cannot protect credentials by itself, such as this one, would refuse.
  assert.ok(!begun.options.extensions?.enforceCredentialProtectionPolicy, "a program from before may run");
  const credential = await create(begun.options);
  passkey = await succeeds(
    "POST",
    "/me/passkeys",
    { ticket: begun.ticket, name: "This laptop", credential },
    201,
  );
  assert.equal(passkey.name, "This laptop");
  const again = { ticket: begun.ticket, name: "Twice", credential };
  await refused("POST", "/me/passkeys", again, 401, "ticket_expired");
  const security = await succeeds("GET", "/me/security");
  assert.deepEqual(security.passkeys, [passkey]);
});

test("it signs in without a password, once for each challenge", async () => {
  await succeeds("DELETE", "/session", undefined, 204);
  await refused("GET", "/session", undefined, 401, "not_signed_in");
  const begun = await succeeds("POST", "/session/passkey/begin", {});
  const credential = await get(begun.options);
  const session = await succeeds("POST", "/session/passkey", { ticket: begun.ticket, credential });
  assert.equal(session.user.name, "Lena Ortiz");
  await refused("POST", "/session/passkey", { ticket: begun.ticket, credential }, 401, "ticket_expired");
  const other = await succeeds("POST", "/session/passkey/begin", {});
  await refused("POST", "/session/passkey", { ticket: other.ticket, credential }, 401, "sign_in_failed");
  const security = await succeeds("GET", "/me/security");
  assert.ok(security.passkeys[0].last_used_at > 0);
});

test("it shows once more who one is, by a ticket made for that", async () => {
  const before = await succeeds("GET", "/session");
  const begun = await succeeds("POST", "/session/step-up/passkey", {});
  const credential = await get(begun.options);
  const after = await succeeds("POST", "/session/step-up", { passkey: { ticket: begun.ticket, credential } });
  assert.ok(after.authenticated_at > before.authenticated_at);
  const signIn = await succeeds("POST", "/session/passkey/begin", {});
  const answered = await get(signIn.options);
  const wrong = { passkey: { ticket: signIn.ticket, credential: answered } };
  await refused("POST", "/session/step-up", wrong, 401, "ticket_expired");
});

/** A role that waits for approval, by its request. */
async function askForRole(name) {
  const action = { action: "create_role", params: { name, permissions: ["device.list"] } };
  return succeeds("POST", "/requests", { action }, 202);
}

test("where the rule says so, each approval takes a passkey given for that decision", async () => {
  const changes = [{ scenario: "authorization.role", required: 1, required_other: 0, step_up: "passkey" }];
  await succeeds("PUT", "/approval-policies", { changes });
  const [first, second] = [await askForRole("Night"), await askForRole("Day")];
  const vote = { decision: "approve", content_hash: first.content_hash };
  const votes = `/requests/${first.id}/votes`;
  await refused("POST", votes, vote, 401, "passkey_required");
  const changed = { ...vote, content_hash: "0".repeat(64) };
  await refused("POST", `${votes}/passkey`, changed, 409, "content_changed");

  const elsewhere = { decision: "approve", content_hash: second.content_hash };
  const other = await succeeds("POST", `/requests/${second.id}/votes/passkey`, elsewhere);
  const of = async (begun) => ({ ticket: begun.ticket, credential: await get(begun.options) });
  const assertion = await of(other);
  await refused("POST", votes, { ...vote, assertion }, 401, "ticket_expired");
  // So many failures in a row would slow down what follows.
  const passkeyAgain = await of(await succeeds("POST", "/session/step-up/passkey", {}));
  await succeeds("POST", "/session/step-up", { passkey: passkeyAgain });
  const no = await succeeds("POST", `${votes}/passkey`, { ...vote, decision: "reject" });
  await refused("POST", votes, { ...vote, assertion: await of(no) }, 401, "ticket_expired");

  const begun = await succeeds("POST", `${votes}/passkey`, vote);
  const decided = await succeeds("POST", votes, { ...vote, assertion: await of(begun) });
  assert.equal(decided.state, "executed");
  const log = await succeeds("GET", `/audit?request=${first.id}&type=vote_cast`);
  assert.equal(log.items[0].detail.data.passkey, passkey.id);

  await page.goto(`/s/all/requests/${second.id}`);
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  const sure = page.getByRole("dialog", { name: /^Approve R-/ });
  await sure.getByRole("button", { name: "Approve", exact: true }).click();
  await sure.waitFor({ state: "detached" });
  assert.equal((await succeeds("GET", `/requests/${second.id}`)).state, "executed");
  await succeeds("GET", "/session");
});

test("an altered answer and one without the user's verification open nothing", async () => {
  const begun = await succeeds("POST", "/session/passkey/begin", {});
  const credential = await get(begun.options);
  const signature = credential.response.signature;
  const swapped = signature.at(-5) === "A" ? "B" : "A";
  credential.response.signature = signature.slice(0, -5) + swapped + signature.slice(-4);
  await refused("POST", "/session/passkey", { ticket: begun.ticket, credential }, 401, "sign_in_failed");

  await devtools.send("WebAuthn.setUserVerified", { authenticatorId: authenticator, isUserVerified: false });
  const unverified = await succeeds("POST", "/session/passkey/begin", {});
  await assert.rejects(get(unverified.options), "the browser itself refuses what the server demands");
  const lax = structuredClone(unverified.options);
  lax.userVerification = "discouraged";
  const unasked = await get(lax);
  await refused(
    "POST",
    "/session/passkey",
    { ticket: unverified.ticket, credential: unasked },
    401,
    "sign_in_failed",
  );
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId: authenticator, isUserVerified: true });
});

test("once removed it opens nothing", async () => {
  await succeeds("DELETE", `/me/passkeys/${passkey.id}`, undefined, 204);
  const begun = await succeeds("POST", "/session/passkey/begin", {});
  const credential = await get(begun.options);
  await refused("POST", "/session/passkey", { ticket: begun.ticket, credential }, 401, "sign_in_failed");
  await succeeds("POST", "/session", { email: EMAIL, password: PASSWORD });
});
