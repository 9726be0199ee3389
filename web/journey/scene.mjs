// An account with something on every page, made on the demo by the people in it.
import assert from "node:assert/strict";
import { ask, call } from "./calls.mjs";

/** Examples of BIP 173 and BIP 350. */
const WALLET = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const VAULT = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";

/** Gives what has an address of its own: requests by what they are for, the sub-account, and the links that were shown once. */
export async function makeScene({ owner, people }) {
  const manager = await people.signIn("Operations Manager");
  await manager.getByText("200 devices").waitFor();
  const found = (await call(manager, "GET", "/devices?model=M50S&limit=200")).items;
  const devices = found.map((device) => device.id);
  assert.ok(devices.length >= 10, `${devices.length} M50S`);
  const scene = {
    device: devices[0],
    requests: await askForAll(owner, manager, devices),
    ...(await makeMoney(owner, devices.slice(0, 4))),
    invitation: (await invite(owner)).link,
  };
  const { site } = found[0];
  const change = { action: { action: "set_power_mode", params: { mode: "high" } }, targets: devices };
  await call(owner, "POST", `/draft/changes?site=${site}`, change);
  await call(owner, "POST", "/webhooks", { name: "Duty desk", url: "https://desk.norte.invalid/adit" });
  await manager.context().close();
  return scene;
}

async function askForAll(owner, manager, devices) {
  const requests = {};
  const [first, second] = devices;
  requests.done = await ask(manager, "locate", { on: true }, [first, second]);
  const changes = [
    { scenario: "fleet.mode", required: 1, required_other: 1 },
    { scenario: "authorization.role", required: 1, required_other: 0, timelock_s: 86_400 },
    { scenario: "wallet.address_update", required: 2, required_other: 0 },
  ];
  await call(owner, "PUT", "/approval-policies", { changes, reason: "Two people for what costs money." });
  const low = { mode: "low" };
  requests.device = await ask(manager, "set_power_mode", low, devices.slice(0, 6), "Fans of row 1.");
  // A later one takes two of its devices.
  await ask(manager, "set_power_mode", { mode: "high" }, devices.slice(4, 8), "Fans of row 2.");
  await call(owner, "POST", `/requests/${requests.device.id}/comments`, { words: "Which fans?" });
  const role = { name: "Night watch", permissions: ["device.list", "device.locate"] };
  requests.role = await ask(owner, "create_role", role, [], "For the night shift.");
  const no = await ask(manager, "set_power_mode", low, devices.slice(8, 9));
  requests.rejected = no;
  const { content_hash } = no;
  const vote = { decision: "reject", content_hash, comment: "Row 9 is new." };
  await call(owner, "POST", `/requests/${no.id}/votes`, vote);
  return requests;
}

async function makeMoney(owner, devices) {
  const { id } = await call(owner, "POST", "/sub-accounts", { name: "quarryclient" });
  await ask(owner, "assign_devices", { sub_account: id, devices });
  const shares = [
    { recipient: { to: "wallet" }, basis_points: 6_000 },
    { recipient: { to: "address", address: VAULT }, basis_points: 4_000 },
  ];
  await ask(owner, "set_allocation", { sub_account: id, shares });
  const wallet = await ask(owner, "set_wallet", { sub_account: id, address: WALLET }, [], "The first one.");
  const sections = { workers: true, earnings: true };
  const { path } = await call(owner, "POST", "/observer-links", {
    sub_accounts: [id],
    sections,
    label: "Investors",
  });
  await call(owner, "PUT", "/observer-protection", { on: false, sections });
  return { subAccount: id, wallet, observers: path };
}

const invite = (owner) =>
  call(owner, "POST", "/invitations", {
    email: "rosa@norte.example",
    role: "technician",
    scope: "all",
    remark: "night shift",
  });
