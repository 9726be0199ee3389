// Requests found again by what they are about, and anything by what is typed, in a real browser on the demo:
//   ADIT_BIN=../target/debug/adit node --test journey/finding.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, call } from "./calls.mjs";
import { openDemo } from "./people.mjs";
import { choose, dialog, go } from "./steps.mjs";

let at;
let owner;
let manager;
let devices;
const asked = {};

before(async () => {
  at = await openDemo();
  owner = at.owner;
  manager = await at.people.signIn("Operations Manager");
  await manager.getByText("200 devices").waitFor();
  devices = (await call(manager, "GET", "/devices?model=M50S&limit=5")).items;
  const [first, second] = devices.map((device) => device.id);
  await call(owner, "PUT", "/approval-policies", {
    changes: [{ scenario: "fleet.mode", required: 1, required_other: 1 }],
    reason: "Somebody else looks.",
  });
  asked.lights = await ask(manager, "locate", { on: true }, [first]);
  asked.mode = await ask(manager, "set_power_mode", { mode: "low" }, [first, second], "Fans of row 1.");
});

after(() => at?.close());

/** Waits until just these are listed, in this order. */
const listed = (page, ...numbers) =>
  page.waitForFunction((wanted) => {
    const cells = [...document.querySelectorAll("main tbody td:first-child")];
    return cells.map((cell) => cell.textContent).join() === wanted;
  }, numbers.map((number) => `R-${number}`).join());
const address = (page) => Object.fromEntries(new URL(page.url()).searchParams);

test("requests are filtered by state, scenario, device and words, and the address says it all", async () => {
  const { lights, mode } = asked;
  await go(manager, "Requests");
  await manager.getByRole("tab", { name: "Mine" }).click();
  await listed(manager, mode.number, lights.number);
  const filters = manager.getByRole("search");
  await filters.getByRole("button", { name: "Waiting for approval" }).click();
  await listed(manager, mode.number);
  assert.deepEqual(address(manager), { mine: "true", state: "pending" });
  await manager.reload();
  await listed(manager, mode.number);
  await filters.getByRole("button", { name: "Waiting for approval" }).click();

  await choose(manager, filters, "What it is for", "Locate light");
  await listed(manager, lights.number);
  await filters.getByRole("button", { name: "Remove the filter What it is for" }).click();

  await filters.getByRole("combobox", { name: "Device" }).fill(devices[1].ip);
  await manager.getByRole("option", { name: devices[1].name }).click();
  await listed(manager, mode.number);
  assert.equal(address(manager).device, devices[1].id);
  await filters.getByRole("button", { name: "Remove the filter Device" }).click();

  await filters.getByRole("searchbox").fill(`r-${lights.number}`);
  await listed(manager, lights.number);
  await filters.getByRole("searchbox").fill("power mode");
  await listed(manager, mode.number);
});

test("what somebody asked for is found by their name", async () => {
  await owner.goto("/s/all/requests?scenario=fleet.mode");
  await listed(owner, asked.mode.number);
  await owner.getByRole("button", { name: asked.mode.initiator.name }).first().click();
  await listed(owner, asked.mode.number);
  assert.equal(address(owner).person, asked.mode.initiator.id);
  await owner.goto(
    `/s/all/requests?scenario=fleet.mode&person=${(await call(owner, "GET", "/session")).user.id}`,
  );
  await owner.getByText("No request matches these filters").waitFor();
  await owner.getByRole("button", { name: "Remove all filters" }).click();
  await owner.getByRole("link", { name: asked.mode.title }).first().waitFor();
});

test("a device leads to its requests", async () => {
  await owner.goto(`/s/all/devices?device=${devices[1].id}`);
  await owner.getByRole("link", { name: "Every request of this device" }).click();
  await listed(owner, asked.mode.number);
});

test("the inbox says how much waits for a vote, and leaves the list of it to the approvals", async () => {
  await go(owner, "Inbox");
  const votes = owner.getByRole("main").getByRole("link", { name: "1 request waits for your decision" });
  await owner.getByRole("tab", { name: "Asked of you" }).click();
  await owner.getByText("Nothing is asked of you").waitFor();
  await votes.click();
  await owner.getByRole("heading", { level: 1, name: "Approvals" }).waitFor();
  const list = owner.getByRole("region", { name: "Needs me" });
  await list.getByText(`R-${asked.mode.number}`, { exact: true }).waitFor();
  await owner.getByRole("link", { name: "All requests" }).click();
  await owner.getByRole("heading", { level: 1, name: "Requests" }).waitFor();
});

const found = async (text, option) => {
  await owner.keyboard.press("Control+k");
  const field = dialog(owner, "Go to").getByRole("combobox", { name: "Find" });
  await field.fill(text);
  await owner.getByRole("option", { name: option, selected: true }).waitFor();
  await field.press("Enter");
  await dialog(owner, "Go to").waitFor({ state: "detached" });
};

test("Ctrl K leads to a device by name, address and MAC, to a request, a page and a person", async () => {
  const { name, ip, mac } = devices[1];
  for (const label of [name, ip, mac.replaceAll(":", "-").toUpperCase()]) {
    await found(label, new RegExp(ip.replaceAll(".", "\\.")));
    await dialog(owner, name).waitFor();
    await owner.keyboard.press("Escape");
    await dialog(owner, name).waitFor({ state: "detached" });
  }
  await found(`R-${asked.mode.number}`, new RegExp(`^R-${asked.mode.number} `));
  await owner.getByRole("heading", { level: 1, name: `R-${asked.mode.number} ` }).waitFor();
  await found("rules", /^Approval rules/);
  await owner.getByRole("heading", { level: 1, name: "Approval rules" }).waitFor();
  await found(asked.mode.initiator.name, new RegExp(`^${asked.mode.initiator.name}`));
  await owner.getByRole("heading", { level: 1, name: "People" }).waitFor();
  assert.equal(address(owner).q, asked.mode.initiator.name);
});

test("nothing went wrong on the way", () => assert.deepEqual(at.people.complaints, []));
