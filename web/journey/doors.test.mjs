// The doors that lead through another server: letters through a mail server, and sign-in through a company's directory.
//   ADIT_BIN=../target/debug/adit node --test journey/doors.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CLIENT, startDirectory, UNPROVEN } from "./directory.mjs";
import { startMail } from "./letters.mjs";
import { openBrowser } from "./people.mjs";
import { setUp, startServer } from "./server.mjs";

const OWNER = { name: "Lena Ortiz", email: "lena@norte.example", password: "seven green kites over a dam" };
const ROSA = { name: "Rosa Lind", email: "rosa@norte.example", password: "nine slow barges on a lake" };
const AFTER = "four grey herons by a weir";

let mail;
let directory;
let server;
let people;

before(async () => {
  mail = await startMail();
  directory = await startDirectory();
  const sso = ["--sso-issuer", directory.issuer, "--sso-name", "Norte directory"];
  const known = ["--sso-client-id", CLIENT.id, "--sso-client-secret", CLIENT.secret];
  server = await startServer("--smtp", mail.url, "--mail-from", "adit@norte.example", ...sso, ...known);
  directory.serve(`${server.url}/api/v1/sso/sso/callback`);
  people = await openBrowser(server.url);
});

after(async () => {
  await people?.browser.close();
  await server?.stop();
  await directory?.stop();
  await mail?.stop();
});

/** What the console complains of: the directory's pages are not ours. */
const complaints = () => people.complaints.filter((text) => !/fonts\.googleapis|favicon/.test(text));

const me = (page, name) => page.getByRole("button", { name: `${name}: account and appearance` });

async function signOut(page, name) {
  await me(page, name).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { level: 1, name: "Sign in to Adit" }).waitFor();
}

/** Through the directory's own pages: who one is, and that Adit may know. */
async function throughDirectory(page, who) {
  await page.getByRole("link", { name: "Sign in with Norte directory" }).click();
  await page.getByPlaceholder("Enter any login").fill(who);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}

test("somebody who is not registered joins by the letter with the invitation", async () => {
  const owner = await people.newPage("Lena", { password: OWNER.password });
  await setUp(owner, server, { company: "Norte", ...OWNER });
  await owner.goto("/s/all/people");
  await owner.getByRole("button", { name: "Invite…" }).click();
  const dialog = owner.getByRole("dialog", { name: "Invite a person" });
  await dialog.getByLabel("E-mail").fill(ROSA.email);
  await dialog.getByRole("combobox", { name: "Role" }).click();
  await owner.getByRole("option", { name: "Technician", exact: true }).click();
  await dialog.getByLabel("Everything in the account, now and in future").check();
  await dialog.getByRole("button", { name: "Invite" }).click();
  await owner.getByText("Invitation sent").waitFor();

  const rosa = await people.newPage("Rosa");
  await rosa.goto(await mail.letter(ROSA.email, "invites you to Norte"));
  await rosa.getByLabel("Your name").fill(ROSA.name);
  await rosa.getByLabel("Password", { exact: true }).fill(ROSA.password);
  await rosa.getByRole("button", { name: "Accept and join" }).click();
  await me(rosa, ROSA.name).waitFor();
  await signOut(rosa, ROSA.name);
});

test("a forgotten password is replaced by the letter's link, once", async () => {
  const rosa = await people.newPage("Rosa");
  await rosa.goto("/sign-in");
  await rosa.getByRole("link", { name: "Forgot the password?" }).click();
  // The sign-in page has a field of that name as well.
  const send = rosa.getByRole("button", { name: /Send/ });
  await send.waitFor();
  await rosa.getByLabel("E-mail").fill(ROSA.email);
  await send.click();
  await rosa.getByText("the mail is on its way").waitFor();
  const link = await mail.letter(ROSA.email, "Set a new password");
  await rosa.goto(link);
  await rosa.getByLabel("New password", { exact: true }).fill(AFTER);
  await rosa.getByRole("button", { name: "Change the password" }).click();
  await rosa.getByRole("link", { name: "Go to the sign-in page" }).click();
  await rosa.getByLabel("E-mail").fill(ROSA.email);
  await rosa.getByLabel("Password", { exact: true }).fill(AFTER);
  await rosa.getByRole("button", { name: "Sign in", exact: true }).click();
  await me(rosa, ROSA.name).waitFor();
  assert.deepEqual(people.complaints, []);

  await rosa.goto("about:blank");
  await rosa.goto(link);
  await rosa.getByLabel("New password", { exact: true }).fill(ROSA.password);
  await rosa.getByRole("button", { name: "Change the password" }).click();
  await rosa.getByText("Links for a new password work once").waitFor();
  people.complaints.length = 0;
});

test("the directory signs in whom it knows by their e-mail, and it is listed and can be unlinked", async () => {
  const rosa = await people.newPage("Rosa at the directory");
  await rosa.goto("/s/all/security");
  await throughDirectory(rosa, "rosa");
  await me(rosa, ROSA.name).waitFor();
  assert.equal(new URL(rosa.url()).pathname, "/s/all/security", "back where they wanted to go");
  const linked = rosa.getByRole("region", { name: "Single sign-on" });
  await linked.getByText("Norte directory rosa@norte.example").waitFor();
  assert.equal(await linked.getByRole("button", { name: "Link Norte directory…" }).count(), 0);
  await linked.getByRole("button", { name: "Unlink Norte directory" }).click();
  const sure = rosa.getByRole("dialog", { name: /Unlink/ });
  await sure.getByRole("button", { name: "Unlink", exact: true }).click();
  await linked.getByRole("button", { name: "Link Norte directory…" }).waitFor();
  await signOut(rosa, ROSA.name);
  assert.deepEqual(complaints(), []);
});

test("it lets in neither strangers nor an e-mail that it has not proven", async () => {
  for (const who of ["stranger", `${UNPROVEN}rosa`]) {
    const page = await people.newPage(who);
    await page.goto("/sign-in");
    await throughDirectory(page, who);
    await page.getByText("Nobody here has this identity").waitFor();
    assert.equal(new URL(page.url()).pathname, "/sign-in");
  }
});
