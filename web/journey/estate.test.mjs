// Sites, agents, scan tasks, containers and sub-accounts from their making to their end, in a real browser on the demo:
//   ADIT_BIN=../target/debug/adit node --test journey/estate.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openDemo } from "./people.mjs";
import { choose, dialog, go, rows, selectRows, taskMenu } from "./steps.mjs";

let at;
let people;
let owner;

before(async () => {
  at = await openDemo();
  ({ people, owner } = at);
});

after(() => at?.close());

const card = (page, name) => page.getByRole("article", { name, exact: true });
const row = (page, name) => page.getByRole("row").filter({ hasText: name });

test("a site is added with the power it may draw, and the site picker knows it at once", async () => {
  await go(owner, "Sites");
  await owner.getByRole("button", { name: "Add a site…" }).click();
  const form = dialog(owner, "Add a site");
  await form.getByLabel("Name").fill("Quarry");
  await form.getByLabel("Power it may draw, MW (optional)").fill("2.5");
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await owner.waitForURL(/\/s\/all\/sites/);
  await card(owner, "Quarry").getByText("May draw 2.50 MW").waitFor();
  await owner.getByRole("banner").getByRole("button", { name: "Site: All sites" }).click();
  await owner.getByRole("menuitem", { name: "Quarry" }).waitFor();
  await owner.keyboard.press("Escape");
});

test("whoever may not manage sites is told why on the control itself", async () => {
  const technician = await people.signIn("Technician");
  await go(technician, "Sites");
  await technician.getByRole("button", { name: "Add a site…" }).click({ force: true });
  await technician.getByText("Manage sites: not for you").waitFor();
  await go(technician, "Agents & scans");
  await technician.keyboard.press("Escape");
  await technician.getByRole("button", { name: "Add an agent…" }).click({ force: true });
  await technician.getByText("Manage agents: not for you").waitFor();
  await technician.context().close();
});

test("an agent is added there, and its token is shown this once, beside the command that waits for it", async () => {
  await go(owner, "Agents & scans");
  await owner.getByRole("button", { name: "Add an agent…" }).click();
  const form = dialog(owner, "Add an agent");
  await choose(owner, form, "Site", "Quarry");
  await form.getByLabel("Name").fill("quarry-1");
  await form.getByRole("button", { name: "Add", exact: true }).click();
  const shown = dialog(owner, "Set up quarry-1");
  const command = await shown.getByText("adit agent --server").innerText();
  assert.match(command, /^adit agent --server ws:\/\/127\.\S+ --token-file -$/);
  const token = shown.getByText(/^\S{20,}\.[0-9a-f]{64}$/);
  assert.equal(await token.count(), 1);
  await shown.getByRole("button", { name: "Done" }).click();
  await card(owner, "quarry-1").getByText("Not set up yet").waitFor();
  assert.equal(await owner.getByText(/\.[0-9a-f]{64}$/).count(), 0);
});

test("ranges are checked while they are typed: a bad one names itself, and only good ones can be sent", async () => {
  await card(owner, "quarry-1").getByRole("button", { name: "Add a scan task…" }).click();
  const form = dialog(owner, "Add a scan task to quarry-1");
  const add = form.getByRole("button", { name: "Add", exact: true });
  await form.getByLabel("Name").fill("hall");
  await form.getByLabel("Addresses to search").fill("10.9.0.0/28\n10.9.0.300");
  await form.getByText("1 range does not work").waitFor();
  await form
    .getByRole("status")
    .getByText(/"10.9.0.300" is not an address range/)
    .waitFor();
  assert.equal(await add.isDisabled(), true);
  await form.getByLabel("Addresses to search").fill("10.9.0.0/29, 10.9.0.8-10.9.0.15");
  await form.getByText("16 addresses").waitFor();
  await form.getByText("10.9.0.0-10.9.0.15").waitFor();
  await form.getByRole("button", { name: "Add a password" }).click();
  await form.getByRole("textbox", { name: "Password, 1" }).fill("not to be seen again");
  await add.click();
  const scan = row(card(owner, "quarry-1"), "hall");
  await scan.getByText("with passwords").waitFor();
  await form.waitFor({ state: "detached" });
  assert.equal((await owner.content()).includes("not to be seen again"), false);
});

test("what another scan task of the site searches is named, and not taken", async () => {
  await card(owner, "quarry-1").getByRole("button", { name: "Add a scan task…" }).click();
  const form = dialog(owner, "Add a scan task to quarry-1");
  await form.getByLabel("Name").fill("yard");
  await form.getByLabel("Addresses to search").fill("10.9.0.4-10.9.1.3");
  await form.getByText("Searched already").waitFor();
  await form.getByText("hall").waitFor();
  assert.equal(await form.getByRole("button", { name: "Add", exact: true }).isDisabled(), true);
  await form.getByRole("button", { name: "Cancel" }).click();
});

test("a scan task is changed: its own addresses do not stand in its way, its passwords stay", async () => {
  await taskMenu(owner, "hall", "Change…");
  const form = dialog(owner, "Change hall");
  await form.getByText("Some are stored; they are not shown.").waitFor();
  await form.getByLabel("Addresses to search").fill("10.9.0.0/29");
  await form.getByText("8 addresses").waitFor();
  await form.getByLabel("Switched on").uncheck();
  await form.getByRole("button", { name: "Change", exact: true }).click();
  const scan = row(card(owner, "quarry-1"), "hall");
  await scan.getByText("switched off").waitFor();
  await scan.getByText("with passwords").waitFor();
});

test("wider ranges lose the passwords that were not typed again, and it is said", async () => {
  await taskMenu(owner, "hall", "Change…");
  const form = dialog(owner, "Change hall");
  await form.getByText("type them again if you add addresses").waitFor();
  await form.getByLabel("Addresses to search").fill("10.9.0.0/27");
  await form.getByText("32 addresses").waitFor();
  await form.getByRole("button", { name: "Change", exact: true }).click();
  await owner.getByText("its passwords are gone: type them again").waitFor();
  await row(card(owner, "quarry-1"), "hall").getByText("with passwords").waitFor({ state: "detached" });
});

test("an agent is renamed and set to watch only, paused and let run again", async () => {
  await taskMenu(owner, "quarry-1", "Change…");
  const form = dialog(owner, "Change quarry-1");
  await form.getByLabel("Name").fill("quarry-gate");
  await form.getByLabel("Monitoring only").check();
  await form.getByRole("button", { name: "Change", exact: true }).click();
  await card(owner, "quarry-gate").getByText("Monitoring only").waitFor();
  await taskMenu(owner, "quarry-gate", "Pause…");
  await dialog(owner).getByRole("button", { name: "Pause", exact: true }).click();
  await card(owner, "quarry-gate").getByText("It neither searches nor polls").waitFor();
  await card(owner, "quarry-gate").getByRole("button", { name: "Let it run again…" }).click();
  await dialog(owner).getByRole("button", { name: "Let it run", exact: true }).click();
  await card(owner, "quarry-gate").getByText("It neither searches nor polls").waitFor({ state: "detached" });
});

test("devices are placed in a container, which then cannot be removed, and taken out again", async () => {
  await go(owner, "Sites");
  const first = owner.getByRole("article").filter({ hasNotText: "Quarry" }).first();
  const site = await first.getByRole("heading", { level: 2 }).innerText();
  await first.getByRole("button", { name: "Add a container…" }).click();
  const form = dialog(owner, `Add a container to ${site}`);
  await form.getByLabel("Name").fill("Box Nine");
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await row(owner, "Box Nine").waitFor();
  await go(owner, "Devices");
  await rows(owner).first().waitFor();
  await selectRows(owner, 0, 3);
  await move("Place…", "Place 4 devices", /^Container on /, "Box Nine", "Place");
  await owner.getByText("4 devices placed").waitFor();
  await go(owner, "Sites");
  await row(owner, "Box Nine").getByRole("link", { name: "4 devices in Box Nine" }).click();
  await owner.getByText("4 matching").waitFor();
  await owner.getByRole("button", { name: "Remove the filter Container" }).click();
  await owner.getByText("200 devices").waitFor();
  await go(owner, "Sites");
  await owner.getByRole("button", { name: "What to do with Box Nine" }).click();
  await owner.getByText("4 devices stand in it: move them first.").waitFor();
  await owner.keyboard.press("Escape");
  await go(owner, "Devices");
  await selectRows(owner, 0, 3);
  await move("Place…", "Place 4 devices", /^Container on /, "In no container", "Place");
  await owner.getByText("4 devices placed").waitFor();
  await go(owner, "Sites");
  await taskMenu(owner, "Box Nine", "Remove…");
  await dialog(owner).getByRole("button", { name: "Remove", exact: true }).click();
  await row(owner, "Box Nine").waitFor({ state: "detached" });
});

test("devices are assigned to a sub-account, and away again before it is removed", async () => {
  await go(owner, "Sub-accounts");
  await owner.getByRole("button", { name: "Add a sub-account…" }).first().click();
  const form = dialog(owner, "Add a sub-account");
  await form.getByLabel("Name").fill("Quarry Client");
  assert.equal(await form.getByRole("button", { name: "Add", exact: true }).isDisabled(), true);
  await form.getByLabel("Name").fill("quarryclient");
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await row(owner, "quarryclient").waitFor();
  await go(owner, "Devices");
  await rows(owner).first().waitFor();
  await selectRows(owner, 0, 1);
  await move("Assign…", "Assign 2 devices", "Sub-account", "quarryclient", "Assign");
  await owner.getByText("2 devices assigned").waitFor();
  await go(owner, "Sub-accounts");
  await row(owner, "quarryclient").getByRole("link", { name: "2 devices of quarryclient" }).waitFor();
  await observed();
  // E37: the panel opens it as well.
  await go(owner, "My panel");
  const own = owner.getByRole("region", { name: "My own" });
  await own.getByRole("button", { name: "quarryclient 2 devices" }).click();
  await owner.getByText("2 matching").waitFor();
  await owner.getByText("Sub-account quarryclient").waitFor();
  await selectRows(owner, 0, 1);
  await move("Assign…", "Assign 2 devices", "Sub-account", "To no sub-account", "Assign");
  await owner.getByText("2 devices assigned").waitFor();
  await go(owner, "Sub-accounts");
  await taskMenu(owner, "quarryclient", "Remove…");
  await dialog(owner).getByRole("button", { name: "Remove", exact: true }).click();
  await row(owner, "quarryclient").waitFor({ state: "detached" });
});

test("an agent is revoked, and the site goes with its name typed", async () => {
  await go(owner, "Agents & scans");
  await taskMenu(owner, "quarry-gate", "Revoke…");
  await dialog(owner).getByRole("button", { name: "Revoke", exact: true }).click();
  await card(owner, "quarry-gate").waitFor({ state: "detached" });
  await go(owner, "Sites");
  await taskMenu(owner, "Quarry", "Remove…");
  const form = dialog(owner, "Remove Quarry?");
  const remove = form.getByRole("button", { name: "Remove the site" });
  await form.getByLabel("Type the site's name: Quarry").fill("Quarr");
  assert.equal(await remove.isDisabled(), true);
  await form.getByLabel("Type the site's name: Quarry").fill("Quarry");
  await remove.click();
  await card(owner, "Quarry").waitFor({ state: "detached" });
});

test("nothing went wrong on the way", () => {
  assert.deepEqual(people.complaints, []);
});

/** Somebody without an account looks at the sub-account: by a link until it is revoked, and by its name while that is open. */
async function observed() {
  await owner.getByRole("button", { name: "Make a link…" }).click();
  const making = dialog(owner, "Make an observer link");
  await making.getByLabel("For whom").fill("Investors");
  await making.getByRole("button", { name: "Make the link" }).click();
  const once = dialog(owner, "The link");
  const address = await once.locator("code").innerText();
  await once.getByRole("button", { name: "Done" }).click();

  const visitor = await (await people.browser.newContext({ baseURL: at.demo.url })).newPage();
  const isDead = () => visitor.getByText("This link no longer works").waitFor();
  await visitor.goto(address);
  await visitor.getByRole("heading", { level: 1, name: "Investors" }).waitFor();
  const shown = visitor.getByRole("region", { name: "quarryclient" });
  await shown.getByRole("row").nth(2).waitFor();
  assert.equal(await shown.getByRole("row").count(), 3, "a heading and two workers");
  await owner.getByRole("button", { name: "Revoke the link Investors" }).click();
  await dialog(owner, "Revoke Investors?").getByRole("button", { name: "Revoke", exact: true }).click();
  await owner.getByRole("button", { name: "Revoke the link Investors" }).waitFor({ state: "detached" });
  await visitor.reload();
  await isDead();

  await visitor.goto("/observe/btc/quarryclient");
  await isDead();
  await owner.getByRole("button", { name: "Open pages by name…" }).click();
  await dialog(owner, "Let pages open by name?").getByRole("button", { name: "Open them" }).click();
  const protect = owner.getByRole("button", { name: "Protect them…" });
  await protect.waitFor();
  await visitor.reload();
  await visitor.getByRole("heading", { level: 1, name: "quarryclient" }).waitFor();
  await protect.click();
  await dialog(owner, "Protect the pages?").getByRole("button", { name: "Protect", exact: true }).click();
  await owner.getByRole("button", { name: "Open pages by name…" }).waitFor();
  await visitor.reload();
  await isDead();
  await visitor.context().close();
}

/** Says where the selected devices stand or whose they are. */
async function move(button, title, label, to, confirm) {
  await owner.getByRole("region", { name: "Selection" }).getByRole("button", { name: button }).click();
  const form = dialog(owner, title);
  await choose(owner, form, label, to);
  await form.getByRole("button", { name: confirm, exact: true }).click();
  await form.waitFor({ state: "detached" });
}
