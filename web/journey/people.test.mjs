// People from invitation to removal, in real browsers on the built program with an empty folder:
//   ADIT_BIN=../target/debug/adit node --test journey/people.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startMail } from "./letters.mjs";
import { openBrowser } from "./people.mjs";
import { setUp, startServer } from "./server.mjs";
import { choose, go, taskMenu } from "./steps.mjs";

const OWNER = {
  company: "Norte",
  name: "Lena Ortiz",
  email: "lena@norte.example",
  password: "seven green kites over a dam",
};
const BO = { name: "Bo Lindqvist", email: "bo@norte.example", password: "a quiet lantern in the shaft" };

let mail;
let server;
let people;
let owner;
let bo;
let link;

before(async () => {
  mail = await startMail();
  server = await startServer("--anyone-may-found", "--smtp", mail.url, "--mail-from", "adit@norte.example");
  people = await openBrowser(server.url);
  owner = await people.newPage("Lena", { password: OWNER.password });
  bo = await people.newPage("Bo", { password: BO.password });
  await setUp(owner, server, OWNER);
});

after(async () => {
  await people?.browser.close();
  await server?.stop();
  await mail?.stop();
});

const row = (page, name) => page.getByRole("row").filter({ hasText: name });

test("somebody who is not registered is invited by letter, and the link is shown to nobody else", async () => {
  await go(owner, "People");
  await owner.getByRole("button", { name: "Invite…" }).click();
  const dialog = owner.getByRole("dialog");
  await dialog.getByLabel("E-mail").fill(BO.email);
  await choose(owner, dialog, "Role", "Technician");
  await dialog.getByLabel("Remark (optional)").fill("night shift");
  await dialog.getByRole("button", { name: "Invite", exact: true }).click();
  await owner.getByText("Invitation sent").waitFor();
  link = await mail.letter(BO.email, "invites you to Norte");
  assert.match(link, /\/invitation#\S{20,}$/);
  assert.equal(await owner.getByText(link.split("#")[1]).count(), 0);
  await owner.getByRole("region", { name: "Invitations" }).getByText(BO.email).waitFor();
});

test("the link makes them a person with that role, and no second one", async () => {
  await bo.goto(link);
  await bo.getByRole("heading", { name: "Join Norte" }).waitFor();
  await bo.getByLabel("Your name").fill(BO.name);
  await bo.getByLabel("Password", { exact: true }).fill(BO.password);
  await bo.getByRole("button", { name: "Accept and join" }).click();
  await bo.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
  await row(owner, BO.name).getByText("Technician").waitFor();
  await row(owner, BO.name).getByText("night shift").waitFor();
});

test("what they may not see says why and who can change that", async () => {
  await bo.goto("/s/all/audit");
  const why = bo.getByRole("region", { name: "Not for your roles" });
  await why.getByText("See the audit log: not for you").waitFor();
  await why.getByText(/Ask Owner.* for such a role/).waitFor();
  assert.equal(await bo.getByRole("button", { name: "Try again" }).count(), 0);
});

test("another role holds at once on the page that is open", async () => {
  await taskMenu(owner, BO.name, "Change Technician…");
  const dialog = owner.getByRole("dialog", { name: "Change the role" });
  await choose(owner, dialog, "Role", "Auditor");
  await dialog.getByRole("button", { name: "Change", exact: true }).click();
  await row(owner, BO.name).getByText("Auditor").waitFor();
  await bo.getByRole("main").getByText("newest first").waitFor();
});

test("a suspended person stays listed, and is told so on the open page", async () => {
  await taskMenu(owner, BO.name, "Suspend…");
  await owner.getByRole("dialog").getByRole("button", { name: "Suspend", exact: true }).click();
  await row(owner, BO.name).getByText("Suspended").waitFor();
  await bo.getByRole("heading", { name: "You are suspended here" }).waitFor();
  await taskMenu(owner, BO.name, "End the suspension…");
  await owner.getByRole("dialog").getByRole("button", { name: "End it" }).click();
  await row(owner, BO.name).getByText("Active").waitFor();
  await bo.getByRole("link", { name: "Look again" }).click();
  await bo.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
});

test("a removed person's open page shows nothing more, and says so", async () => {
  await taskMenu(owner, BO.name, "Remove…");
  await owner.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await row(owner, BO.name).waitFor({ state: "detached" });
  await bo.getByRole("heading", { name: "You no longer have a role here" }).waitFor();
  await bo.goto("/s/all/audit");
  await bo.getByRole("heading", { name: "You no longer have a role here" }).waitFor();
});

test("somebody registered is added by e-mail, with keys instead of a place", async () => {
  await owner.getByRole("button", { name: "Add a person…" }).click();
  const dialog = owner.getByRole("dialog", { name: "Add a person" });
  await dialog.getByLabel("E-mail").fill(BO.email);
  await choose(owner, dialog, "Role", "Engineer");
  await dialog.getByRole("group", { name: "Where" }).waitFor();
  await choose(owner, dialog, "API access", "Read only");
  await dialog.getByText("Reaches everything").waitFor();
  assert.equal(await dialog.getByRole("group", { name: "Where" }).count(), 0);
  await dialog.getByRole("button", { name: "Give the role" }).click();
  await row(owner, BO.name).getByText("Engineer").waitFor();

  await bo.getByRole("link", { name: "Look again" }).click();
  await bo.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
});

test("the account's deletion takes its name, is told to everybody, and is undone", async () => {
  await go(owner, "Settings");
  await owner.getByRole("button", { name: "Delete Norte…" }).click();
  const sure = owner.getByRole("dialog", { name: "Delete Norte?" });
  await sure.getByLabel("Type the account's name: Norte").fill("Norte");
  await sure.getByRole("button", { name: "Delete the account" }).click();
  await owner.getByText(/Norte is deleted on .* nothing is carried out/).waitFor();
  await bo.getByText(/Norte is deleted on .* nothing is carried out/).waitFor();
  await owner.getByRole("button", { name: "Undo…" }).click();
  await owner.getByRole("button", { name: "Keep the account" }).click();
  await owner.getByText(/Norte is deleted on/).waitFor({ state: "detached" });
});

test("one person freezes the account, everybody is told, and it is unfrozen", async () => {
  await go(owner, "Settings");
  await owner.getByRole("button", { name: "Freeze Norte…" }).click();
  await owner.getByRole("button", { name: "Freeze the account" }).click();
  await owner.getByText(/Norte is frozen: nothing new begins/).waitFor();
  await bo.getByText(/Norte is frozen: nothing new begins/).waitFor();
  await owner.getByRole("button", { name: "Unfreeze…" }).click();
  await owner.getByRole("button", { name: "Unfreeze", exact: true }).click();
  await bo.getByText(/Norte is frozen/).waitFor({ state: "detached" });
});

test("a built-in role is duplicated with less in it, and the copy is changed, renamed and deleted", async () => {
  await go(owner, "Roles");
  await taskMenuOf("Technician", "Duplicate…");
  const copy = owner.getByRole("dialog", { name: "Duplicate Technician" });
  await copy.getByLabel("Name").fill("Night shift");
  await copy.getByRole("checkbox", { name: "Reboot", exact: true }).uncheck();
  await copy.getByRole("region", { name: "What changes" }).getByText("Reboot").waitFor();
  await copy.getByRole("button", { name: "Make the role" }).click();
  await owner.getByText("Role Night shift made").waitFor();

  await taskMenuOf("Night shift", "Edit…");
  const edit = owner.getByRole("dialog", { name: "Edit Night shift" });
  assert.equal(await edit.getByRole("checkbox", { name: "Reboot", exact: true }).isChecked(), false);
  await edit.getByLabel("Name").fill("Night crew");
  await edit.getByRole("checkbox", { name: "Reboot", exact: true }).check();
  await edit.getByRole("button", { name: "Change the role" }).click();
  await owner.getByText("Role Night crew changed").waitFor();

  await taskMenuOf("Night crew", "Delete…");
  await owner.getByRole("dialog").getByRole("button", { name: "Delete the role" }).click();
  await owner.getByText("Role Night crew deleted").waitFor();
  await owner.getByRole("button", { name: "Night crew: more" }).waitFor({ state: "detached" });
  await go(owner, "Settings");
});

/** What can be done with a role, from the head of its column. */
async function taskMenuOf(role, word) {
  await owner.getByRole("button", { name: `${role}: more`, exact: true }).click();
  await owner.getByRole("menuitem", { name: word }).click();
}

test("ownership is offered, whom it is offered to accepts, and it can be called off before it holds", async () => {
  await owner.getByRole("button", { name: "Transfer ownership…" }).click();
  const dialog = owner.getByRole("dialog", { name: "Transfer ownership" });
  await choose(owner, dialog, "To", `${BO.name} (${BO.email})`);
  await dialog.getByRole("button", { name: "Offer it" }).click();
  await dialog.waitFor({ state: "detached" });
  await owner.waitForURL(/\/requests\//);
  // The page that is open learns of it by itself.
  await bo.getByText("Lena Ortiz offers you the ownership of Norte").waitFor();
  await bo.setViewportSize({ width: 390, height: 844 });
  const [accept, refuse] = ["Accept…", "Refuse…"].map((name) => bo.getByRole("button", { name }));
  const [left, right] = [await accept.boundingBox(), await refuse.boundingBox()];
  assert.equal(left.y, right.y, "both answers stand side by side on a phone");
  await bo.setViewportSize({ width: 1440, height: 900 });
  await bo.getByRole("button", { name: "Accept…" }).click();
  await bo.getByRole("dialog").getByRole("button", { name: "Accept", exact: true }).click();
  await bo.getByText("You become the Owner once").waitFor();
  await owner.getByRole("button", { name: "Cancel the request" }).click();
  const cancel = owner.getByRole("dialog");
  await cancel.getByLabel("Reason").fill("Changed my mind.");
  await cancel.getByRole("button", { name: "Cancel the request" }).click();
  await owner.getByRole("article").getByText("Cancelled", { exact: true }).first().waitFor();
});

test("a second account is founded and chosen, and every page of the first one goes over", async () => {
  const beside = await owner.context().newPage();
  await beside.goto("/s/all/people");
  await beside.getByRole("heading", { level: 1, name: "People" }).waitFor();
  await accountMenu("Make another account…");
  const form = owner.getByRole("dialog", { name: "Make another account" });
  await form.getByLabel("Company").fill("Sur");
  await form.getByRole("button", { name: "Make it" }).click();
  await owner.getByText("No devices yet").waitFor();
  await go(owner, "Settings");
  await owner.getByText(/^Sur .*, which you own\.$/).waitFor();
  await beside.getByText("No devices yet").waitFor();
  await go(beside, "People");
  await beside.getByText("1 person with a role here").waitFor();

  // Somebody of another account is offered a role: until they open it, their e-mail is all that is shown of them.
  await go(owner, "People");
  await owner.getByRole("button", { name: "Add a person…" }).click();
  const dialog = owner.getByRole("dialog", { name: "Add a person" });
  await dialog.getByLabel("E-mail").fill(BO.email);
  await choose(owner, dialog, "Role", "Auditor");
  await dialog.getByLabel("Everything in the account, now and in future").check();
  await dialog.getByRole("button", { name: "Give the role" }).click();
  await row(owner, BO.email).getByText("Not opened yet").waitFor();
  assert.equal(await owner.getByText(BO.name).count(), 0);
  await bo.reload();
  await bo.getByText("Sur gives you a role: Auditor").waitFor();
  await bo.getByRole("button", { name: "Decline…" }).click();
  await bo.getByRole("dialog").getByRole("button", { name: "Decline", exact: true }).click();
  await bo.getByText("You hold nothing on Sur").waitFor();
  await owner.reload();
  await owner.getByText("1 person with a role here").waitFor();

  // E37: each account opens as itself, one's own ones first.
  await go(owner, "My panel");
  const own = owner.getByRole("region", { name: "My own" });
  await own.getByRole("article", { name: "Sur" }).getByText("open now").waitFor();
  await own.getByRole("button", { name: "Norte" }).click();
  await owner.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
  await go(owner, "People");
  await row(owner, BO.name).waitFor();
  await beside.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
  await beside.close();
});

async function accountMenu(word) {
  await owner.getByRole("button", { name: `${OWNER.name}: account and appearance` }).click();
  await owner
    .getByRole("menuitem", { name: word })
    .or(owner.getByRole("menuitemradio", { name: word }))
    .click();
}

test("whoever leaves by themselves is told that it is done, and signs out", async () => {
  await bo.getByRole("button", { name: `${BO.name}: account and appearance` }).click();
  await bo.getByRole("menuitem", { name: "Leave Norte…" }).click();
  await bo.getByRole("dialog").getByRole("button", { name: "Leave", exact: true }).click();
  await bo.getByRole("heading", { name: "You no longer have a role here" }).waitFor();
  await bo.getByRole("button", { name: "Sign out" }).click();
  await bo.getByRole("heading", { level: 1, name: "Sign in to Adit" }).waitFor();
});

test("nothing went wrong on the way but what was meant to be refused", () => {
  const meant = (text) => /\b403\b/.test(text) && text.startsWith("Bo: ");
  assert.deepEqual(
    people.complaints.filter((text) => !meant(text)),
    [],
  );
});
