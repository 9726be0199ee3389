// What is left to somebody who is suspended, in real browsers on the demo:
//   ADIT_BIN=../target/debug/adit node --test journey/suspended.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, call, stateOf } from "./calls.mjs";
import { openDemo } from "./people.mjs";

let at;
let admin;
let people;

const holding = (role) => people.find((person) => person.grants.some((grant) => grant.role === role)).id;

before(async () => {
  at = await openDemo();
  admin = await at.people.signIn("Administrator");
  people = (await call(at.owner, "GET", "/people")).items;
});

after(() => at?.close());

test("whoever is suspended sees what they may still stop, and calls it off", async () => {
  const recovery = await ask(
    at.owner,
    "recover",
    { remove: [holding("site_manager")] },
    [],
    "Nobody answers.",
  );
  await ask(at.owner, "suspend_user", { user: holding("administrator") });
  await admin.getByRole("heading", { name: "You are suspended here" }).waitFor();
  const request = admin.getByRole("region", { name: `R-${recovery.number}` });
  await request.getByText("removed").waitFor();
  await request.getByLabel("Reason").fill("I am here.");
  await request.getByRole("button", { name: "Call it off" }).click();
  await admin.getByText("Nothing of that kind waits now.").waitFor();
  assert.equal(await stateOf(at.owner, recovery), "cancelled");
});

test("they stop the deletion of the account, and have their roles back once the suspension ends", async () => {
  await ask(at.owner, "delete_account", { name: "Norte" });
  await admin.getByRole("link", { name: "Look again" }).click();
  await admin.getByRole("button", { name: "Stop the deletion of Norte" }).click();
  await admin.getByText("Nothing of that kind waits now.").waitFor();
  await ask(at.owner, "unsuspend_user", { user: holding("administrator") });
  await admin.getByRole("link", { name: "Look again" }).click();
  await admin.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
});

test("nothing went wrong on the way but what was meant to be refused", () => {
  assert.deepEqual(
    at.people.complaints.filter((text) => !/Administrator: .*403/.test(text)),
    [],
  );
});
