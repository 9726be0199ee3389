// What is told of devices while nobody can know how they are, with an agent and miners of its own:
//   ADIT_BIN=../target/debug/adit node --test journey/hidden.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call } from "./calls.mjs";
import { openSite } from "./site.mjs";
import { go, rows } from "./steps.mjs";

let at;
let owner;

before(async () => {
  at = await openSite(4);
  owner = at.owner;
  await owner.goto("/s/all/devices");
  await owner.getByRole("button", { name: /Hashing\s*4/ }).waitFor();
});

after(() => at?.close());

/** Pauses the agent, or lets it run again. */
async function pause(paused) {
  const [{ id, name, mode }] = (await call(owner, "GET", "/agents")).items;
  await call(owner, "PUT", `/agents/${id}`, { name, mode, paused });
}

test("a paused agent stands in the header with what it hides, and the page says the same", async () => {
  await pause(true);
  await owner.getByText(/Agent .* is paused for .*: 4 devices not known, .* when last known/).waitFor();
  await owner.getByRole("button", { name: /Unknown\s*4/ }).waitFor();
  const header = owner.getByRole("region", { name: "Fleet now" });
  await header.getByText("–").first().waitFor();
  assert.equal(await rows(owner).count(), 4);
});

test("the device tells both levels, and what was known last", async () => {
  await rows(owner).first().click();
  const drawer = owner.getByRole("dialog", { name: /dev-/ });
  await drawer.getByText("Unknown: its agent is paused").waitFor();
  await drawer.getByText(/Not known, last mining/).waitFor();
  await drawer.getByText(/Last known values, .* ago/).waitFor();
  await owner.keyboard.press("Escape");
});

test("devices are found by a level", async () => {
  await owner.getByRole("button", { name: "State" }).click();
  await owner.getByRole("checkbox", { name: /^Online/ }).check();
  await owner.getByText("No device matches these filters").waitFor();
  await owner.keyboard.press("Escape");
  await owner.getByRole("button", { name: "Remove all filters" }).click();
});

test("it is asked of whoever keeps agents, and is gone once the agent runs again", async () => {
  await go(owner, "Inbox");
  await owner.getByRole("tab", { name: /Asked of you/ }).click();
  await owner.getByText(/Is paused: 4 devices are unknown/).waitFor();
  await pause(false);
  await owner.getByText("Nothing is asked of you").waitFor();
  await go(owner, "Devices");
  await owner.getByRole("button", { name: /Hashing\s*4/ }).waitFor();
  assert.equal(await owner.getByText(/not known, .* when last known/).count(), 0);
});
