// Deciding by keys alone, what a page says while somebody else is quicker, and asking again, in real browsers on the demo:
//   ADIT_BIN=../target/debug/adit node --test journey/deciding.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, call, stateOf } from "./calls.mjs";
import { openDemo } from "./people.mjs";
import { choose, dialog, go, state } from "./steps.mjs";

let at;
let owner;
let manager;
let site;
let devices;
/** Requests by what they are for. */
const asked = {};

const approve = async (page, { number }) => {
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  const sure = dialog(page, `Approve R-${number}?`);
  await sure.getByRole("button", { name: "Approve" }).click();
  await sure.waitFor({ state: "detached" });
};

/** A promise that is kept from outside. */
function held() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const slow = (targets, reason) => ask(manager, "set_power_mode", { mode: "low" }, targets, reason);

before(async () => {
  at = await openDemo();
  owner = at.owner;
  manager = await at.people.signIn("Operations Manager");
  await manager.getByText("200 devices").waitFor();
  devices = (await call(manager, "GET", "/devices?model=M50S&limit=200")).items.map((device) => device.id);
  site = (await call(manager, "GET", "/devices?limit=1")).items[0].site;
  assert.ok(site && devices.length >= 8, `${devices.length} M50S`);
  const changes = [
    { scenario: "fleet.mode", required: 1, required_other: 1 },
    { scenario: "authorization.role", required: 1, required_other: 0, timelock_s: 86_400 },
  ];
  await call(owner, "PUT", "/approval-policies", { changes, reason: "Two people." });
});

after(() => at?.close());

test("the list is gone through, and each request decided, by keys alone", async () => {
  asked.first = await slow(devices.slice(0, 2), "Fans of row 1.");
  asked.second = await slow(devices.slice(2, 4), "Fans of row 2.");
  const keys = owner.keyboard;
  await keys.press("g");
  await keys.press("a");
  await owner.getByRole("heading", { level: 1, name: "Approvals" }).waitFor();
  const pane = owner.getByRole("region", { name: "Request", exact: true });
  await pane.getByRole("heading", { level: 2, name: `R-${asked.first.number} ` }).waitFor();

  await keys.press("c");
  await keys.type("Which fans?");
  await keys.press("Control+Enter");
  await pane.getByText("Which fans?", { exact: true }).waitFor();
  await keys.press("Escape");
  await keys.press("a");
  await dialog(owner, `Approve R-${asked.first.number}?`).waitFor();
  await keys.press("Control+Enter");
  await dialog(owner, `Approve R-${asked.first.number}?`).waitFor({ state: "detached" });

  const list = owner.getByRole("region", { name: "Needs me" });
  await list.getByText(`R-${asked.first.number}`, { exact: true }).waitFor({ state: "detached" });
  await keys.press("j");
  await pane.getByRole("heading", { level: 2, name: `R-${asked.second.number} ` }).waitFor();
  await keys.press("r");
  const no = dialog(owner, `Reject R-${asked.second.number}?`);
  await no.waitFor();
  await keys.press("Control+Enter");
  await keys.type("Row 2 is new.");
  await keys.press("Control+Enter");
  await no.waitFor({ state: "detached" });
  await owner.getByText("Nothing needs you").waitFor();
  assert.equal(await stateOf(owner, asked.second), "rejected");
  assert.notEqual(await stateOf(owner, asked.first), "pending");

  await keys.press("?");
  await dialog(owner, "Keyboard").getByText("Cancel it (asks first)").waitFor();
  await keys.press("Escape");
});

test("whoever approves what has been amended meanwhile is shown the newer request", async () => {
  asked.old = await slow(devices.slice(4, 6), "Fans of row 3.");
  await owner.goto(`/s/all/requests/${asked.old.id}`);
  await owner.getByRole("button", { name: "Approve" }).click();
  await dialog(owner, `Approve R-${asked.old.number}?`).waitFor();
  asked.next = await call(manager, "POST", `/requests/${asked.old.id}/amend`, {
    action: { action: "set_power_mode", params: { mode: "normal" } },
    targets: devices.slice(4, 6),
  });
  await owner.getByText("Another request replaced this one").waitFor();
  await dialog(owner, `Approve R-${asked.old.number}?`).waitFor({ state: "detached" });
  await owner.getByRole("link", { name: `Open R-${asked.next.number}` }).click();
  await state(owner, "Waiting for approval").waitFor();
  assert.equal(await stateOf(owner, asked.old), "superseded");
});

test("whoever is too late with an approval is told that it came too late", async () => {
  asked.late = await slow(devices.slice(6, 8), "Fans of row 5.");
  await owner.goto(`/s/all/requests/${asked.late.id}`);
  await owner.getByRole("button", { name: "Approve" }).click();
  const cancelled = held();
  await owner.route("**/votes", async (route) => {
    await cancelled.promise;
    await route.continue();
  });
  const sent = owner.waitForRequest("**/votes");
  await dialog(owner, `Approve R-${asked.late.number}?`).getByRole("button", { name: "Approve" }).click();
  await sent;
  await call(manager, "POST", `/requests/${asked.late.id}/cancel`, { reason: "Row 5 is new." });
  cancelled.resolve();
  await owner
    .getByRole("alert")
    .getByText(/is cancelled/)
    .waitFor();
  await state(owner, "Cancelled").waitFor();
  await owner.unroute("**/votes");
  const refused = at.people.complaints.splice(0);
  assert.ok(refused.length > 0 && refused.every((text) => text.includes("409")), refused.join());
});

test("a request tells which devices were left out of it, and why", async () => {
  await owner.goto(`/s/all/requests/${asked.next.id}`);
  await approve(owner, asked.next);
  await state(owner, "Done").waitFor();
  const [busy] = devices.slice(6);
  asked.holder = await ask(manager, "reboot", {}, [busy]);
  asked.rest = await ask(manager, "reboot", {}, devices.slice(6, 8));
  await manager.goto(`/s/all/requests/${asked.rest.id}`);
  await manager.getByText("Left out when it was submitted: 1 device").waitFor();
  await manager.getByRole("link", { name: `R-${asked.holder.number}`, exact: true }).waitFor();
});

test("what waits out its time is cancelled by a key, and asked for again as it was", async () => {
  const params = { name: "Night watch", permissions: ["device.list", "device.locate"] };
  asked.role = await ask(owner, "create_role", params, [], "For the night shift.");
  await owner.goto(`/s/all/requests/${asked.role.id}`);
  const decision = owner.getByRole("region", { name: "Decision" });
  await decision.getByText("You may still cancel it until it is carried out.").waitFor();
  await owner.keyboard.press("x");
  const sure = dialog(owner, `Cancel R-${asked.role.number}?`);
  await sure.getByLabel("Reason").fill("Another name.");
  await owner.keyboard.press("Control+Enter");
  await state(owner, "Cancelled").waitFor();

  await owner.getByRole("button", { name: "Ask again…" }).click();
  const again = dialog(owner, `Ask again for what R-${asked.role.number} asked for?`);
  assert.equal(await again.getByLabel("Reason").inputValue(), "For the night shift.");
  await again.getByRole("button", { name: "Ask again" }).click();
  await owner.waitForURL((url) => !url.pathname.endsWith(asked.role.id));
  await state(owner, "Approved").waitFor();
  await go(owner, "Approvals");
});

test("an approval is withdrawn, which takes it out of the count, and given again", async () => {
  // Three people who decide on the rules, or a count of three could never be lowered again and would be refused.
  const staff = (await call(owner, "GET", "/people")).items;
  const { id: user } = staff.find((person) => person.grants.some((grant) => grant.role === "site_manager"));
  await ask(owner, "add_grant", { user, role: "administrator", scope: "all" });
  const changes = [{ scenario: "fleet.mode", required: 3, required_other: 2 }];
  await call(owner, "PUT", "/approval-policies", { changes, reason: "Three people." });
  asked.two = await slow(devices.slice(0, 2), "Fans of row 4.");
  const admin = await at.people.signIn("Administrator");
  await admin.goto(`/s/all/requests/${asked.two.id}`);
  const votes = admin.getByRole("region", { name: "Approvals" });
  const entries = admin.getByRole("region", { name: "Timeline" }).getByRole("listitem");
  await approve(admin, asked.two);
  await votes.getByText("2 of 3", { exact: true }).waitFor();
  await admin.getByRole("button", { name: "Withdraw my approval" }).click();
  await votes.getByText("1 of 3", { exact: true }).waitFor();
  await votes.getByText(/, withdrawn$/).waitFor();
  await entries.getByText("Took the approval back").waitFor();
  await state(admin, "Waiting for approval").waitFor();
  await approve(admin, asked.two);
  await votes.getByText("2 of 3", { exact: true }).waitFor();
  await admin.context().close();
});

test("what is approved while the account is frozen says that it waits for that to end, and then goes on", async () => {
  await owner.goto(`/s/all/requests/${asked.two.id}`);
  await owner.getByRole("button", { name: "Approve" }).click();
  const sure = dialog(owner, `Approve R-${asked.two.number}?`);
  await sure.waitFor();
  const admin = await at.people.signIn("Administrator");
  await ask(admin, "freeze_account", {});
  await sure.getByText("nothing is carried out until that is ended").waitFor();
  await sure.getByRole("button", { name: "Approve" }).click();
  await owner.getByText("Approved, and waits: the account is frozen").waitFor();
  await state(owner, "Approved").waitFor();
  assert.equal(await owner.getByText("about to start").count(), 0);
  await ask(admin, "unfreeze_account", {});
  await state(owner, "Done").waitFor();
  await owner.getByText("Approved, and waits: the account is frozen").waitFor({ state: "detached" });
  await admin.context().close();
});

test("a role for somebody who has none yet is amended with the dialog it was asked for with", async () => {
  const { items } = await call(owner, "GET", "/people");
  const { id: user, email } = items.find((person) => person.grants.some((grant) => grant.role === "viewer"));
  await ask(owner, "remove_user", { user });
  const changes = [{ scenario: "authorization.add", required: 2, required_other: 0 }];
  await call(owner, "PUT", "/approval-policies", { changes, reason: "Two people." });
  const given = await call(owner, "POST", "/people", { email, role: "technician", scope: "all" });
  await owner.goto(`/s/all/requests/${given.id}`);
  await owner.getByRole("button", { name: "Amend…" }).click();
  const form = dialog(owner, `Amend R-${given.number}`);
  await form.getByText(given.title, { exact: true }).waitFor();
  await choose(owner, form, "Role", "Engineer");
  await form.getByRole("button", { name: "Submit the amended request" }).click();
  await owner.getByRole("heading", { level: 1, name: `R-${given.number + 1}` }).waitFor();
  await state(owner, "Waiting for approval").waitFor();
  assert.match((await call(owner, "GET", "/requests?box=mine&limit=1")).items[0].title, /Engineer/);
});

test("nothing went wrong on the way", () => assert.deepEqual(at.people.complaints, []));
