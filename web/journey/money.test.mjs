// A sub-account's wallet and revenue, in real browsers on the demo: set, changed by two people, held, cancelled, shared out:
//   ADIT_BIN=../target/debug/adit node --test journey/money.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openDemo } from "./people.mjs";
import { addSubAccount, choose, dialog, go, state } from "./steps.mjs";

/** Examples of BIP 173 and BIP 350, and the address of the first block. */
const OLD = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const NEW = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";
const OTHER = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
const TYPO = `${OLD.slice(0, -1)}5`;

let at;
let people;
let owner;
let second;
let request;

before(async () => {
  at = await openDemo();
  ({ people, owner } = at);
});

after(() => at?.close());

const wallet = (page) => page.getByRole("region", { name: "Payout wallet" });
const allocation = (page) => page.getByRole("region", { name: "Revenue allocation" });
/** An address stands in groups with nothing between them, so its text is the address. */
const shown = (within, address) =>
  within.getByText(address.slice(0, 4), { exact: true }).first().locator("..");

async function open(page, name) {
  await go(page, "Sub-accounts");
  await page.getByRole("link", { name, exact: true }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

/** How many people a change takes, and how long it waits, in the unit that stands there. */
async function rule(scenario, { approvals, lock }) {
  await go(owner, "Approval rules");
  await owner.getByRole("button", { name: `Change the rule: ${scenario}` }).click();
  const form = dialog(owner, `Change the rule: ${scenario}`);
  await form.getByLabel("Approvals", { exact: true }).fill(String(approvals));
  await form
    .getByRole("textbox", { name: "Time lock after the last approval", exact: true })
    .fill(String(lock));
  await form.getByRole("button", { name: "Add to the changes" }).click();
  await owner.getByRole("button", { name: "Review and submit…" }).click();
  const review = dialog(owner, "Change approval rules");
  await review.getByRole("button", { name: "Submit as one request" }).click();
  await review.waitFor({ state: "detached" });
}

/** On the page of a request that waits out its time. */
async function cancel(page, reason) {
  await page.getByRole("button", { name: "Cancel the request" }).click();
  const sure = dialog(page);
  await sure.getByLabel("Reason").fill(reason);
  await sure.getByRole("button", { name: "Cancel the request" }).click();
  await state(page, "Cancelled").waitFor();
}

test("a sub-account has a page of its own for its money; nothing is set at first", async () => {
  for (const name of ["quarryclient", "reserve"]) await addSubAccount(owner, name);
  await open(owner, "quarryclient");
  assert.match(new URL(owner.url()).pathname, /^\/s\/[^/]+\/sub-accounts\/sub-\d+$/);
  await wallet(owner).getByText("No address yet").waitFor();
  await allocation(owner).getByText("all of it stays in its own wallet").waitFor();
  await owner.reload();
  await wallet(owner).getByText("No address yet").waitFor();
});

test("a mistyped address is refused while it is typed; a right one waits a day where the rule lets one person", async () => {
  await open(owner, "quarryclient");
  await wallet(owner).getByRole("button", { name: "Set an address…" }).click();
  const form = dialog(owner, "Set an address for quarryclient");
  await form.getByLabel("New address").fill(TYPO);
  await form.getByText(/^A character is wrong, missing or too many/).waitFor();
  assert.equal(await form.getByRole("button", { name: "Submit" }).isDisabled(), true);
  await form.getByLabel("New address").fill(OLD.toUpperCase());
  await form.getByText(/carried out 24 h later$/).waitFor();
  await form.getByRole("button", { name: "Submit" }).click();
  await wallet(owner)
    .getByText(/^A change takes effect in (23 h|1 d)$/)
    .waitFor();
  await wallet(owner).getByRole("link", { name: "Cancel it there" }).click();
  await cancel(owner, "Not yet.");
});

test("with the rule at 2 a change waits for somebody else", async () => {
  await rule("Change a payout address", { approvals: 2, lock: 1_440 });
  await open(owner, "quarryclient");
  await wallet(owner).getByRole("button", { name: "Set an address…" }).click();
  const form = dialog(owner, "Set an address for quarryclient");
  await form.getByLabel("New address").fill(NEW);
  await form.getByText(/^2 approvals by .* carried out 24 h later$/).waitFor();
  await form.getByLabel("Reason (optional)").fill("New vault.");
  await form.getByRole("button", { name: "Submit" }).click();
  await owner.getByRole("status").getByText("Submitted", { exact: true }).waitFor();
  await wallet(owner).getByText("A change waits for approval").waitFor();
  request = await wallet(owner)
    .getByRole("link", { name: "Approve or reject it there" })
    .getAttribute("href");
  const again = wallet(owner).getByRole("button", { name: "Set an address…" });
  await again.click({ force: true });
  await owner
    .getByText(/^R-\d+ is to change it already: that has to end first\.$/)
    .first()
    .waitFor();
  await owner.keyboard.press("Escape");
});

test("what waits is amended with the dialog that it was made with", async () => {
  await owner.goto(request);
  await owner.getByRole("button", { name: "Amend…" }).click();
  const form = dialog(owner, /^Amend R-\d+$/);
  await form.getByText(/^R-\d+ ends, another takes its place$/).waitFor();
  assert.equal(await form.getByLabel("New address").inputValue(), NEW);
  await form.getByText("Nothing is different yet").waitFor();
  await form.getByLabel("Reason (optional)").fill("New vault. It is in Norte.");
  await form.getByRole("button", { name: "Submit the amended request" }).click();
  await owner.waitForURL((url) => url.pathname !== request && /\/requests\//.test(url.pathname));
  await state(owner, "Waiting for approval").waitFor();
  request = new URL(owner.url()).pathname;
  await open(owner, "quarryclient");
});

test("whoever approves sees the addresses in full, and for how long what is due will be held", async () => {
  second = await people.signIn("Administrator");
  await second.goto(request);
  await second.getByText("Carried out 24 h after its approval").waitFor();
  await second.getByText("What is due is held meanwhile, not lost.").waitFor();
  await second.getByText("New vault.").waitFor();
  const changes = second.getByRole("region", { name: "What changes" });
  assert.equal(await shown(changes, NEW).innerText(), NEW);
  await second.getByRole("button", { name: "Approve", exact: true }).click();
  await dialog(second).getByRole("button", { name: "Approve", exact: true }).click();
  await second.getByText(/^Carried out in (23 h|1 d)$/).waitFor();
  await state(second, "Approved").waitFor();
});

test("the open page learns of the hold by itself; an approver cancels it, and all stays as it was", async () => {
  await wallet(owner)
    .getByText(/^A change takes effect in (23 h|1 d)$/)
    .waitFor();
  await wallet(owner)
    .getByText(/Until then what is due is held, not lost/)
    .waitFor();
  await owner
    .getByRole("region", { name: "Due" })
    .getByText(/What is earned from now on is held by/)
    .waitFor();
  await second.getByRole("link", { name: "Its wallet and revenue" }).click();
  await wallet(second).getByRole("link", { name: "Cancel it there" }).click();
  await second.getByRole("button", { name: "Cancel the request" }).click();
  const sure = dialog(second);
  await sure.getByText("what was held for its sake is held no longer").waitFor();
  await sure.getByLabel("Reason").fill("The vault is not ready.");
  await sure.getByRole("button", { name: "Cancel the request" }).click();
  await state(second, "Cancelled").waitFor();
  await wallet(owner)
    .getByText(/^A change takes effect/)
    .waitFor({ state: "detached" });
  await wallet(owner).getByText("No address yet").waitFor();
});

test("revenue is shared out only where it is exactly the whole", async () => {
  await allocation(owner).getByRole("button", { name: "Change the shares…" }).click();
  const form = dialog(owner, "Share out the revenue of quarryclient");
  const submit = form.getByRole("button", { name: /^(Submit|Change it)$/ });
  await form.getByLabel("Recipient 1: percent").fill("60");
  await form.getByRole("button", { name: "Add a recipient" }).click();
  assert.equal(await form.getByLabel("Recipient 2: percent").inputValue(), "40.00 %", "what is left");
  await choose(owner, form, "Recipient 2: kind", "A sub-account");
  await choose(owner, form, "Recipient 2: sub-account", "reserve");
  await form.getByLabel("Recipient 2: percent").fill("39.99");
  await form
    .getByRole("status")
    .getByText(/99\.99 %, 0\.01 % is missing/)
    .waitFor();
  await form.getByText("The total must be exactly 100.00 %.").waitFor();
  assert.equal(await submit.isDisabled(), true);
  await form.getByLabel("Recipient 2: percent").fill("40");
  await form
    .getByRole("table", { name: "What changes" })
    .getByRole("row", { name: /reserve.*40\.00 %/ })
    .waitFor();
  await form.getByRole("button", { name: "Change it" }).click();
  const coming = allocation(owner).getByRole("table", { name: "Shares from then on" });
  await coming.getByRole("row", { name: /Its own wallet.*100\.00 %.*60\.00 %/ }).waitFor();
  await allocation(owner)
    .getByText(/^In force from .*, 00:00 UTC$/)
    .waitFor();
});

test("a new address among the shares waits, and the server says which line is wrong", async () => {
  await allocation(owner).getByRole("button", { name: "Change the shares…" }).click();
  const form = dialog(owner, "Share out the revenue of quarryclient");
  await form.getByLabel("Recipient 1: percent").fill("50");
  await form.getByRole("button", { name: "Add a recipient" }).click();
  await form.getByLabel("Recipient 3: address").fill(TYPO);
  await form.getByText(/^A character is wrong/).waitFor();
  await form.getByLabel("Recipient 3: address").fill(OTHER);
  await form.getByText(/carried out 24 h later$/).waitFor();
  await form.getByRole("button", { name: "Submit" }).click();
  const asked = allocation(owner).getByRole("table", { name: "Shares asked for" });
  await asked.getByText(OTHER.slice(0, 4), { exact: true }).waitFor();
  request = await allocation(owner).getByRole("link", { name: "Cancel it there" }).getAttribute("href");
});

test("whoever may not see addresses is told so, and sees their last characters only", async () => {
  await go(owner, "People");
  const row = owner.getByRole("row").filter({ hasText: "Viewer" }).first();
  await row.getByRole("button", { name: /^What to do with/ }).click();
  await owner.getByRole("menuitem", { name: "Give one more role…" }).click();
  const form = dialog(owner, "Give one more role");
  await choose(owner, form, "Role", "Reporting Manager");
  await form.getByRole("button", { name: "Give the role" }).click();
  await form.waitFor({ state: "detached" });
  const reporter = await people.signIn("Viewer");
  await open(reporter, "quarryclient");
  await wallet(reporter).getByText("See payout addresses: not for you").waitFor();
  await allocation(reporter).getByText("Addresses are masked for you").waitFor();
  await allocation(reporter)
    .getByText(`…${OTHER.slice(-4)}`)
    .first()
    .waitFor();
  assert.equal((await reporter.content()).includes(OTHER.slice(4, 8)), false);
  await allocation(reporter).getByRole("button", { name: "Change the shares…" }).click({ force: true });
  await reporter.getByText("Change how revenue is split: not for you").waitFor();
  await reporter.context().close();
});

test("the request of an allocation tells each share, and is cancelled there", async () => {
  await owner.goto(request);
  const changes = owner.getByRole("region", { name: "What changes" });
  await changes.getByRole("row", { name: /own wallet.*60\.00 %.*50\.00 %/ }).waitFor();
  await changes.getByText(OTHER.slice(0, 4), { exact: true }).first().waitFor();
  await owner.getByRole("button", { name: "Cancel the request" }).click();
  const sure = dialog(owner);
  await sure.getByLabel("Reason").fill("Not now.");
  await sure.getByRole("button", { name: "Cancel the request" }).click();
  await state(owner, "Cancelled").waitFor();
});

test("nothing went wrong on the way but what was meant to be refused", () => {
  const meant = (text) =>
    /\b422\b/.test(text) && text.startsWith("Owner: ") && text.includes("/requests/preview");
  assert.deepEqual(
    people.complaints.filter((text) => !meant(text)),
    [],
  );
});
