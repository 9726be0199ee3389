// What is carried out on some devices and not on others, with an agent and miners of which two misbehave:
//   ADIT_BIN=../target/debug/adit node --test journey/failing.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, call } from "./calls.mjs";
import { openSite } from "./site.mjs";
import { go, stage, state } from "./steps.mjs";

let at;
let owner;
/** Of miners that keep their orders behind a password: one that is as it should be, one with another password, one that is off. */
let good;
let changed;
let off;
let request;

before(async () => {
  at = await openSite(5);
  owner = at.owner;
  const devices = (await call(owner, "GET", "/devices?limit=50")).items;
  [good, changed, off] = devices.filter((device) => device.make === "MicroBT");
  assert.ok(off, "three of them");
  await at.misbehave(changed.ip, { kind: "wrong_password" });
  await at.misbehave(off.ip, { kind: "offline" });
  const targets = [good, changed, off].map((device) => device.id);
  request = await ask(owner, "set_power_mode", { mode: "low" }, targets, "Less heat.");
  await owner.goto(`/s/all/requests/${request.id}`);
});

after(() => at?.close());

test("a request that was carried out in part says on what it was not, why, and what to do", async () => {
  await state(owner, "Partly done").waitFor();
  await owner.getByText("Not done on 2 of 3 devices").waitFor();
  const missed = owner.getByRole("list", { name: "What was not done" }).getByRole("listitem");
  await missed
    .filter({ hasText: changed.name })
    .getByText(/none of the passwords known for it is right/)
    .waitFor();
  await missed
    .filter({ hasText: off.name })
    .getByText(/connection refused/)
    .waitFor();
  assert.equal(await missed.count(), 2);
  await owner.getByRole("img", { name: "Targets: 1 done, 2 failed" }).waitFor();
  await owner.getByText("2 not done, 3 of 3 ended").waitFor();
});

test("the header and the list of requests say the same of it", async () => {
  await stage(owner, /^Failed 1$/).click();
  await owner
    .getByRole("dialog", { name: /^Failed/ })
    .getByText("Partly done")
    .waitFor();
  await owner.keyboard.press("Escape");
  await owner.goto("/s/all/requests?state=partially_executed");
  const entry = owner.getByRole("table").getByRole("row").nth(1);
  await entry.getByText("Partly done").waitFor();
  await entry.getByText("1 of 3 done").waitFor();
});

test("on a phone each target's message can be read", async () => {
  await owner.setViewportSize({ width: 390, height: 844 });
  await owner.goto(`/s/all/requests/${request.id}`);
  const row = owner.getByRole("table", { name: "Results" }).getByRole("row").filter({ hasText: off.name });
  const { x, width } = await row.getByText(/connection refused/).boundingBox();
  assert.ok(x >= 0 && x + width <= 390, `from ${x}, ${width} wide`);
  await owner.setViewportSize({ width: 1440, height: 900 });
});

test("a retry asks for those that failed, and for no others", async () => {
  await owner.getByRole("button", { name: "Draft a retry for 2 failed" }).click();
  await stage(owner, /^Draft 1$/).waitFor();
  await go(owner, "Review draft");
  await owner.getByRole("article", { name: "Power mode low" }).getByText("on 2 devices").waitFor();
});

test("nothing went wrong on the way", () => assert.deepEqual(at.people.complaints, []));
