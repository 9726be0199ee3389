// Ways out when the rules need somebody: a recovery, and a removal that lowers counts, in real browsers on an empty server:
//   ADIT_BIN=../target/debug/adit node --test journey/recovery.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call } from "./calls.mjs";
import { startMail } from "./letters.mjs";
import { openBrowser } from "./people.mjs";
import { setUp, startServer } from "./server.mjs";
import { dialog, go, state, taskMenu } from "./steps.mjs";

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

before(async () => {
  mail = await startMail();
  server = await startServer("--smtp", mail.url, "--mail-from", "adit@norte.example");
  people = await openBrowser(server.url);
  owner = await people.newPage("Lena", { password: OWNER.password });
  bo = await people.newPage("Bo", { password: BO.password });
  await setUp(owner, server, OWNER);
  await call(owner, "POST", "/invitations", {
    email: BO.email,
    role: "administrator",
    scope: "all",
  });
  // What Bo approves counts, for the link came to Bo's mailbox and to nobody else.
  await bo.goto(await mail.letter(BO.email, "invites you to Norte"));
  await bo.getByLabel("Your name").fill(BO.name);
  await bo.getByLabel("Password", { exact: true }).fill(BO.password);
  await bo.getByRole("button", { name: "Accept and join" }).click();
  await bo.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
  const changes = [{ scenario: "account.unfreeze", required: 2, required_other: 0 }];
  await call(owner, "PUT", "/approval-policies", { changes, reason: "Two people." });
});

after(async () => {
  await people?.browser.close();
  await server?.stop();
  await mail?.stop();
});

/** Takes a picture, if pictures are wanted. */
async function shot(page, name) {
  const folder = process.env.SHOTS;
  if (!folder) return;
  for (const scheme of ["dark", "light"])
    for (const [word, width] of [
      ["desk", 1440],
      ["phone", 390],
    ]) {
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(
        (theme) => document.documentElement.setAttribute("data-mantine-color-scheme", theme),
        scheme,
      );
      await page.screenshot({ path: `${folder}/${name}-${word}-${scheme}.png` });
    }
  await page.setViewportSize({ width: 1440, height: 900 });
}

test("only the Owner starts a recovery, and is told what follows", async () => {
  await go(bo, "Approval rules");
  const why = bo
    .getByRole("region", { name: "Recovery" })
    .getByRole("button", { name: /Recover….*only the Owner may/ });
  assert.equal(await why.getAttribute("aria-disabled"), "true");

  await go(owner, "Approval rules");
  await owner.getByRole("button", { name: "Recover…" }).click();
  const form = dialog(owner, "Start a recovery");
  await form.getByText("It waits 72 h before anything changes.").waitFor();
  await form.getByText("Every count can be met: name whom to remove.").waitFor();
  const start = form.getByRole("button", { name: "Start the recovery" });
  assert.ok(await start.isDisabled());
  await form.getByLabel("Remove (optional)").click();
  await owner.getByRole("option", { name: BO.name }).click();
  await owner.keyboard.press("Escape");
  await form.getByText("Unfreeze the account: 2 → 1 (1 person could approve)").waitFor();
  await form.getByText("Say why.").waitFor();
  await form.getByLabel("Reason").fill("Bo answers nobody.");
  await shot(owner, "recover");
  await start.click();
  await state(owner, "Approved").waitFor();
  await owner.getByText("Carried out in 2 d").waitFor();
  await shot(owner, "recovery-waits");
});

test("whom it removes cannot call it off; the Owner can, and their reason stays as they wrote it", async () => {
  await bo.goto(new URL(owner.url()).pathname);
  await bo.getByRole("region", { name: "Approvals" }).waitFor();
  assert.equal(await bo.getByRole("button", { name: "Cancel the request" }).count(), 0);
  await go(owner, "Approval rules");
  const card = owner.getByRole("region", { name: "Recovery" });
  await card.getByRole("link", { name: /Recover governance/ }).click();
  await owner.getByRole("button", { name: "Cancel the request" }).click();
  const sure = dialog(owner);
  await sure.getByLabel("Reason").fill("bo_lindqvist: answers again");
  await sure.getByRole("button", { name: "Cancel the request" }).click();
  await state(owner, "Cancelled").waitFor();
  await owner.getByText("bo_lindqvist: answers again", { exact: true }).first().waitFor();
});

test("whoever the rules need is not suspended, and freezing is offered instead", async () => {
  await go(owner, "People");
  await taskMenu(owner, BO.name, "Suspend…");
  const form = dialog(owner, `Suspend ${BO.name}?`);
  await form.getByRole("button", { name: "Suspend", exact: true }).click();
  await form.getByText(`The rules need ${BO.name}`).waitFor();
  await shot(owner, "suspend");
  await form.getByRole("link", { name: "freeze the account instead" }).click();
  await owner.getByRole("button", { name: "Freeze Norte…" }).waitFor();
});

test("whoever the rules need is removed together with the counts that need them, by their own consent too", async () => {
  await go(owner, "People");
  await taskMenu(owner, BO.name, "Remove…");
  const form = dialog(owner, `Remove ${BO.name}?`);
  await form.getByText(`The rules need ${BO.name}`).waitFor();
  assert.equal(await form.getByLabel("Approvals: Unfreeze the account").inputValue(), "1");
  await form.getByText(/^2 approvals by/).waitFor();
  await shot(owner, "remove-and-lower");
  await form.getByRole("button", { name: "Remove and lower" }).click();
  await state(owner, "Waiting for approval").waitFor();
  await shot(owner, "removal-waits");
  await bo.goto(new URL(owner.url()).pathname);
  await bo.getByRole("button", { name: "Approve" }).click();
  await dialog(bo).getByRole("button", { name: "Approve" }).click();
  await state(owner, "Done").waitFor();
  await go(owner, "People");
  await owner.getByText("1 person with a role here").waitFor();
});

test("nothing went wrong on the way but what was meant to be refused", () => {
  const removed = (text) => /\b403\b/.test(text) && text.startsWith("Bo: ");
  const notSuspended = (text) => /\b409\b/.test(text) && text.startsWith("Lena: ");
  const meant = (text) => removed(text) || notSuspended(text);
  assert.deepEqual(
    people.complaints.filter((text) => !meant(text)),
    [],
  );
});
