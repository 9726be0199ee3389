// The main journey in a real browser, against the built program with its 200 simulated miners:
//   ADIT_BIN=../target/debug/adit npm run journey
// SHOTS=<folder> also keeps pictures of the main pages. One step builds on the one before.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startDemo } from "./demo.mjs";
import { openBrowser } from "./people.mjs";
import { takeShots } from "./shots.mjs";
import {
  askForRestart,
  dotColour,
  draft,
  go,
  onlyModels,
  powerKw,
  rows,
  selectRows,
  stage,
  state,
  submit,
} from "./steps.mjs";

const MINERS = 200;
// What is where depends on the addresses: a few models together are always enough.
const SLEEPERS = ["M30S++", "M50", "M50S", "M60"];
const OTHERS = ["M60S", "M63S"];
const GRAY = "rgb(149, 161, 176)";
const RED = "rgb(234, 63, 33)";

let demo;
let people;
/** Pages of signed-in people by role. */
const at = {};
/** Addresses of requests, for the audit log and the pictures. */
const requests = {};

before(async () => {
  demo = await startDemo();
  people = await openBrowser(demo.url);
});
after(async () => {
  await people?.browser.close();
  assert.equal(await demo?.stop(), 0, "the demo should end well");
});

/** A step that is only worth trying while the ones before it worked. */
let broken = false;
const step = (name, run) =>
  test(name, async (t) => {
    if (broken) return t.skip("an earlier step failed");
    try {
      await run();
      assert.deepEqual(people.complaints, [], "the console complained");
    } catch (error) {
      broken = true;
      if (process.env.SHOTS) await keepPages(process.env.SHOTS);
      throw error;
    }
  });
async function keepPages(folder) {
  for (const [role, page] of Object.entries(at))
    await page.screenshot({ path: `${folder}/failed-${role}.png` });
}

step("the Operations Manager signs in and sees every miner, live", async () => {
  at.manager = await people.signIn("Operations Manager");
  await at.manager.getByRole("button", { name: `Devices hashing ${MINERS} / ${MINERS}` }).waitFor();
  await at.manager.getByText(`${MINERS} devices`).waitFor();
  const grid = at.manager.getByRole("grid", { name: "Devices" });
  assert.equal(await grid.getAttribute("aria-rowcount"), String(MINERS + 1));
  // Live: a number on screen changes without anybody asking.
  const hashrates = rows(at.manager).getByRole("gridcell");
  const seen = (await hashrates.allInnerTexts()).join();
  await at.manager.waitForFunction(
    (before) =>
      [...document.querySelectorAll("[role=grid] [data-index] [role=gridcell]")]
        .map((cell) => cell.innerText)
        .join() !== before,
    seen,
  );
});

step("the list filters and sorts, and its address says how", async () => {
  const page = at.manager;
  await page.getByRole("search").getByRole("button", { name: "Model", exact: true }).click();
  await page
    .getByRole("dialog", { name: "Model" })
    .getByRole("checkbox", { name: /^M63S / })
    .check();
  await page.keyboard.press("Escape");
  await page.waitForURL(/model=M63S/);
  await page.getByText(/^\d+ matching/).waitFor();
  await rows(page).filter({ hasNotText: "M63S" }).first().waitFor({ state: "detached" });
  assert.ok((await rows(page).count()) > 5, "there are several M63S");
  await page.goto("/s/all/devices?sort=power&order=desc");
  await rows(page).first().waitFor();
  const header = page.getByRole("columnheader", { name: "Power, W" });
  assert.equal(await header.getAttribute("aria-sort"), "descending");
  await rows(page).first().filter({ hasText: "M63S" }).waitFor();
  await header.getByRole("button").click();
  await page.waitForURL((url) => url.searchParams.get("sort") === "power" && !url.searchParams.has("order"));
  await rows(page).first().filter({ hasNotText: "M63S" }).waitFor();
});

step("30 miners to sleep and 2 lights wait in the draft, with the power they change", async () => {
  const page = at.manager;
  await onlyModels(page, SLEEPERS);
  await selectRows(page, 0, 29);
  await draft(page, "Power mode", "Sleep");
  await stage(page, /^Draft 1$/).waitFor();
  assert.equal(await dotColour(stage(page, /^Draft 1$/)), GRAY);
  await onlyModels(page, OTHERS);
  await selectRows(page, 0, 1);
  await draft(page, "Locate", "Light on");
  await stage(page, /^Draft 2$/).click();
  await page
    .getByRole("dialog", { name: "Draft" })
    .getByText(/30 devices, −\d/)
    .waitFor();
  await page.getByRole("dialog", { name: "Draft 2" }).getByRole("button", { name: "Open the draft" }).click();
  const panel = page.getByRole("dialog", { name: "Draft", exact: true });
  await panel.getByText("Power mode sleep").waitFor();
  await panel.getByText("32 devices").waitFor();
  await panel
    .getByText(/^−\d[\d.]* kW$/)
    .first()
    .waitFor();
});

step("the draft is reviewed and submitted; read-back verifies it and the header's power falls", async () => {
  const page = at.manager;
  const before = await powerKw(page);
  await page.getByRole("link", { name: "Review and submit" }).click();
  await page
    .getByRole("article", { name: "Power mode sleep" })
    .getByText(/^−\d[\d.]* kW$/)
    .waitFor();
  await page.getByRole("article", { name: "Locate light on" }).getByText("on 2 devices").waitFor();
  await page.getByRole("button", { name: "Submit and run" }).click();
  await page.getByRole("heading", { name: "2 requests submitted" }).waitFor();
  requests.locate = await page.getByRole("link", { name: /R-\d+ .*[Ll]ocate/ }).getAttribute("href");
  await page.getByRole("link", { name: /R-\d+ Power mode sleep/ }).click();
  await page.waitForURL(/\/requests\//);
  requests.sleep = new URL(page.url()).pathname;
  await page.getByRole("img", { name: "Targets: 30 done" }).waitFor();
  await state(page, "Done").waitFor();
  await page.getByText("30 ok").waitFor();
  const table = page.getByRole("table", { name: "Results" });
  assert.ok((await table.getByText("Verified").count()) > 5, "the results should say that they are verified");
  await page.waitForFunction((before) => {
    const power = [...document.querySelectorAll("header a")].find((link) =>
      link.innerText.startsWith("Power"),
    );
    return Number.parseFloat(power?.innerText.match(/([\d.]+) kW/)?.[1] ?? "Infinity") < before - 50;
  }, before);
  await page.getByRole("button", { name: "Devices hashing 170 / 200" }).waitFor();
  await page.goto(requests.locate);
  await state(page, "Done").waitFor();
});

step("a restart of all collection workers waits, and whoever asked cannot approve it", async () => {
  const page = at.manager;
  requests.restart = await askForRestart(page, "The collection has gaps.");
  await stage(page, /^Review 1$/).waitFor();
  assert.equal(await dotColour(stage(page, /^Review 1$/)), RED);
  await page
    .getByRole("region", { name: "Decision" })
    .getByRole("button", { name: "Cancel the request" })
    .waitFor();
  assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
});

step("approving is offered to Administrator and Site Manager, not to Technician and Viewer", async () => {
  for (const role of ["Administrator", "Site Manager"]) {
    const page = await people.signIn(role);
    at[role] = page;
    await stage(page, /^Review 1, 1 for me$/).waitFor();
    await page.goto(requests.restart);
    await page.getByRole("button", { name: "Approve" }).waitFor();
  }
  for (const role of ["Technician", "Viewer"]) {
    const page = await people.signIn(role);
    at[role] = page;
    await stage(page, /^Review 0$/).waitFor();
    await page.goto(requests.restart);
    await state(page, "Waiting for approval").waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
  }
});

step("the Site Manager sees what, who, hash and votes, approves, and the workers are new", async () => {
  const page = at["Site Manager"];
  await go(page, "Approvals");
  const request = page.getByRole("region", { name: "Request" });
  await request.getByRole("heading", { name: /Restart collection workers/ }).waitFor();
  await request.getByText("The collection has gaps.").waitFor();
  const votes = request.getByRole("region", { name: "Approvals" });
  await votes.getByText("Operations Manager submitted it").waitFor();
  await votes.getByText("0 of 1", { exact: true }).waitFor();
  await votes.getByText(/^[0-9a-f]{8}…[0-9a-f]{8}$/).waitFor();
  await page.keyboard.press("a");
  const dialog = page.getByRole("dialog", { name: /^Approve R-\d+\?$/ });
  await dialog.getByText(/[0-9a-f]{8}…[0-9a-f]{8}/).waitFor();
  await dialog.getByRole("button", { name: "Approve" }).click();
  // The one who asked sees the end of it without asking again.
  await state(at.manager, "Done").waitFor();
  await stage(at.manager, /^Review 0$/).waitFor();
  await go(at.manager, "Agents & scans");
  await at.manager
    .getByRole("row")
    .filter({ hasText: "restarted" })
    .getByTestId("worker-generation")
    .getByText("2")
    .waitFor();
});

step("another restart is rejected with a reason, and one is cancelled by whoever asked", async () => {
  requests.rejected = await askForRestart(at.manager, "Once more.");
  const admin = at.Administrator;
  await admin.goto(requests.rejected);
  await admin.getByRole("button", { name: "Reject" }).click();
  const dialog = admin.getByRole("dialog", { name: /^Reject R-\d+\?$/ });
  assert.ok(await dialog.getByRole("button", { name: "Reject" }).isDisabled(), "a rejection needs a reason");
  await dialog.getByLabel("Reason").fill("They were restarted just now.");
  await dialog.getByRole("button", { name: "Reject" }).click();
  await state(at.manager, "Rejected").waitFor();
  await at.manager.getByText("They were restarted just now.").first().waitFor();

  requests.cancelled = await askForRestart(at.manager, "And again.");
  await at.manager.getByRole("button", { name: "Cancel the request" }).click();
  const cancel = at.manager.getByRole("dialog", { name: /^Cancel R-\d+\?$/ });
  await cancel.getByLabel("Reason").fill("Not needed any more.");
  await cancel.getByRole("button", { name: "Cancel the request" }).click();
  await state(at.manager, "Cancelled").waitFor();
});

step("E100: a draft is discarded only after a question, and nothing happens to the devices", async () => {
  const page = at.manager;
  await onlyModels(page, OTHERS);
  await selectRows(page, 0, 1);
  await draft(page, "Power mode", "Low");
  await page.keyboard.press("d");
  const panel = page.getByRole("dialog", { name: "Draft", exact: true });
  await panel.getByRole("button", { name: "Discard…" }).click();
  const sure = page.getByRole("dialog", { name: "Discard the draft?" });
  await sure.getByText("1 change on 2 devices will be dropped. No device is touched.").waitFor();
  await sure.getByRole("button", { name: "Cancel", exact: true }).click();
  await stage(page, /^Draft 1$/).waitFor();
  await panel.getByRole("button", { name: "Discard…" }).click();
  await sure.getByRole("button", { name: "Discard the draft" }).click();
  await stage(page, /^Draft 0$/).waitFor();
  await panel.getByText("Nothing in the draft").waitFor();
  await panel.getByRole("button", { name: "Close" }).click();
});

step("a request is approved by keys alone", async () => {
  await askForRestart(at.manager, "Approve this with keys.");
  const page = at["Site Manager"];
  await page.goto("/s/all/devices");
  await stage(page, /^Review 1, 1 for me$/).waitFor();
  for (const key of ["g", "a"]) await page.keyboard.press(key);
  const request = page.getByRole("region", { name: "Request" });
  await request.getByText("Approve this with keys.").waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/requests\//);
  await page.getByText("Approve this with keys.").first().waitFor();
  await page.keyboard.press("a");
  const dialog = page.getByRole("dialog", { name: /^Approve R-\d+\?$/ });
  await dialog.getByLabel("Comment (optional)").and(page.locator(":focus")).waitFor();
  await page.keyboard.type("Seen.");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await dialog.getByRole("button", { name: "Approve" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Enter");
  await state(at.manager, "Done").waitFor();
  await at.manager.getByText("Seen.").first().waitFor();
});

step("a request is approved on a phone, by touch", async () => {
  await askForRestart(at.manager, "Approve this on the phone.");
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
  const page = await people.signIn("Administrator", phone);
  at.phone = page;
  await page.getByRole("button", { name: "Pages" }).tap();
  await page
    .getByRole("dialog")
    .getByRole("link", { name: /^Approvals/ })
    .tap();
  await page.getByRole("region", { name: "Needs me" }).getByRole("link").first().tap();
  await page.getByText("Approve this on the phone.").first().waitFor();
  const bar = page.getByRole("region", { name: "Decision" });
  assert.ok((await bar.boundingBox()).y < 844, "the decision stays in sight");
  await bar.getByRole("button", { name: "Approve" }).tap();
  const dialog = page.getByRole("dialog", { name: /^Approve R-\d+\?$/ });
  await dialog.getByRole("button", { name: "Approve" }).tap();
  await state(page, "Done").waitFor();
  await state(at.manager, "Done").waitFor();
});

step(
  "a later request takes over the device it shares with an earlier one, and both pages say so",
  async () => {
    at.Owner = await people.signIn("Owner");
    await go(at.Owner, "Approval rules");
    await at.Owner.getByRole("button", { name: "Change the rule: Power mode and presets" }).click();
    const dialog = at.Owner.getByRole("dialog", { name: "Change the rule: Power mode and presets" });
    await dialog.getByLabel("By others").fill("1");
    await dialog.getByRole("button", { name: "Add to the changes" }).click();
    await at.Owner.getByRole("button", { name: "Review and submit…" }).click();
    const review = at.Owner.getByRole("dialog", { name: "Change approval rules" });
    await review.getByText("1 by others").first().waitFor();
    await review.getByRole("button", { name: "Submit as one request" }).click();
    await at.Owner.getByText("Rules changed").waitFor();
    const rule = at.Owner.getByRole("row").filter({ hasText: "fleet.mode" });
    await rule.getByText("version 1").waitFor();

    // A, B, C, D by one person; D, E, F by another.
    requests.earlier = await lowPower(at.manager, 0, 3);
    const [, , , shared] = await deviceNames(at.manager, 0, 3);
    await at.manager.goto(requests.earlier);
    await state(at.manager, "Waiting for approval").waitFor();
    requests.later = await lowPower(at["Site Manager"], 3, 5);
    const later = at["Site Manager"];
    await later.getByText("Takes 1 device from earlier requests").waitFor();
    await later.getByText(shared, { exact: true }).first().waitFor();
    // The earlier request became smaller on the screen of its author.
    const earlier = at.manager;
    await earlier.getByText("Changed since it was submitted: 1 device taken by later requests").waitFor();
    await earlier.getByText(shared, { exact: true }).first().waitFor();
    await earlier.getByText("of 4 as submitted").waitFor();
    await earlier.getByRole("img", { name: "Targets: 3 waiting, 1 left out" }).waitFor();
    await later.getByRole("img", { name: "Targets: 3 waiting" }).waitFor();
  },
);

step("its author amends it, which starts anew; what was rejected comes back as a draft", async () => {
  const page = at.manager;
  await page.goto(requests.earlier);
  await page.getByRole("button", { name: "Amend…" }).click();
  const dialog = page.getByRole("dialog", { name: /^Amend R-\d+$/ });
  const send = dialog.getByRole("button", { name: "Submit the amended request" });
  await dialog.getByText("Nothing is different yet").waitFor();
  assert.ok(await send.isDisabled(), "there is nothing to amend yet");
  await dialog.getByRole("checkbox").first().uncheck();
  await dialog.getByText("2 of 3 devices stay").waitFor();
  await send.click();
  await page.getByRole("img", { name: "Targets: 2 waiting" }).waitFor();
  const amended = new URL(page.url()).pathname;
  assert.notEqual(amended, requests.earlier);
  await page.goto(requests.earlier);
  await state(page, "Replaced").waitFor();

  const admin = at.Administrator;
  await admin.goto(amended);
  assert.equal(await admin.getByRole("button", { name: "Amend…" }).count(), 0);
  await admin.getByRole("button", { name: "Reject" }).click();
  const reject = admin.getByRole("dialog", { name: /^Reject R-\d+\?$/ });
  await reject.getByLabel("Reason").fill("Not this week.");
  await reject.getByRole("button", { name: "Reject" }).click();
  await state(admin, "Rejected").waitFor();
  assert.equal(await admin.getByRole("button", { name: "Reopen as a draft" }).count(), 0);
  await page.goto(amended);
  await page.getByRole("button", { name: "Reopen as a draft" }).click();
  await stage(page, /^Draft 1$/).waitFor();
});

step("what was done is drafted the other way round", async () => {
  const page = at.manager;
  await page.goto(requests.sleep);
  await page.getByRole("button", { name: "Draft the inverse" }).click();
  await stage(page, /^Draft 2$/).waitFor();
  await go(page, "Review draft");
  await page.getByRole("article", { name: "Power mode normal" }).getByText("on 30 devices").waitFor();
  await page.getByRole("button", { name: "Discard…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Discard the draft" }).click();
  await stage(page, /^Draft 0$/).waitFor();
});

step("requests that ask the same are approved together, after one look at their sum", async () => {
  await lowPower(at.manager, 7, 8);
  await lowPower(at.manager, 9, 10);
  const page = at.Administrator;
  await go(page, "Approvals");
  await page.getByRole("button", { name: /^Approve \d+ alike…$/ }).click();
  const dialog = page.getByRole("dialog", { name: /^Approve \d+ requests together\?$/ });
  await dialog.getByText("Power, estimated").waitFor();
  await dialog.getByRole("button", { name: /^Approve \d+$/ }).click();
  await page.getByText(/^\d+ requests approved$/).waitFor();
  await state(at.manager, "Done").waitFor();
});

async function deviceNames(page, first, last) {
  await onlyModels(page, OTHERS);
  const names = await rows(page).evaluateAll((all) => all.map((row) => row.children[1].innerText.trim()));
  return names.slice(first, last + 1);
}
async function lowPower(page, first, last) {
  await onlyModels(page, OTHERS);
  await selectRows(page, first, last);
  await draft(page, "Power mode", "Low");
  await submit(page, "Submit for approval");
  await page.waitForURL(/\/requests\//);
  await state(page, "Waiting for approval").waitFor();
  return new URL(page.url()).pathname;
}

step("the audit log tells all of it", async () => {
  const page = at.Owner;
  await go(page, "Audit log");
  const log = page.getByRole("main").getByRole("list").last();
  const told = async (what, text) => {
    await page.goto(`/s/all/audit?q=${encodeURIComponent(text)}`);
    await log.getByRole("listitem").first().waitFor();
    assert.ok((await log.getByRole("listitem").count()) > 0, `the log should tell of ${what}`);
  };
  await told("the sleeping miners", "Power mode sleep");
  await told("the restart", "Restart collection workers");
  await told("the rejection", "They were restarted just now.");
  await told("the cancellation", "Not needed any more.");
  await told("the rule", "fleet.mode");
  await log.getByRole("button").first().click();
  await page.getByText(/^hash/).waitFor();
  // A request by words of its title; on a phone the form is folded away.
  await go(page, "Audit log");
  const wanted = page.getByLabel("Request", { exact: true });
  await wanted.fill("workers restart");
  await wanted.press("Enter");
  await page.getByText(/matching entr/).waitFor();
  await log.getByText("Restart collection workers").first().waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  await wanted.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Filters, 1 set" }).click();
  await wanted.waitFor();
  await page.setViewportSize({ width: 1440, height: 900 });
});

step("the main pages can be looked at in both themes and both widths", async () => {
  if (process.env.SHOTS) await takeShots(process.env.SHOTS, people, requests);
});
