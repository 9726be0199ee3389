// From nothing to the first agent, addresses of nothing, and a server that hangs, in a real browser:
//   ADIT_BIN=../target/debug/adit node --test journey/start.test.mjs
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { openBrowser } from "./people.mjs";
import { setUp, startServer } from "./server.mjs";
import { dialog } from "./steps.mjs";

const OWNER = {
  company: "Norte",
  name: "Lena Ortiz",
  email: "lena@norte.example",
  password: "seven green kites over a dam",
};

let server;
let people;
let page;

before(async () => {
  server = await startServer();
  people = await openBrowser(server.url);
  page = await people.newPage("Owner", { password: OWNER.password, reducedMotion: "reduce" });
  await page.addInitScript(axe.source);
  await setUp(page, server, OWNER);
});

after(async () => {
  server?.resume();
  await people?.browser.close();
  await server?.stop();
});

const pages = () => page.getByRole("navigation", { name: "Pages" });
const marked = () =>
  pages()
    .locator("[aria-current]")
    .evaluateAll((links) => links.map((link) => link.title));
const step = (title, standing) => page.getByRole("heading", { level: 3, name: `${title} ${standing}` });

test("an account without devices is led to the first one, with the command to copy", async () => {
  await step("A site", "Next").waitFor();
  await step("An agent on it", "Later").waitFor();
  await page.getByRole("button", { name: "Add a site…" }).click();
  const site = dialog(page, "Add a site");
  await site.getByLabel("Name").fill("Quarry");
  await site.getByRole("button", { name: "Add", exact: true }).click();
  await step("A site", "Done").waitFor();

  await page.getByRole("button", { name: "Add an agent…" }).click();
  const agent = dialog(page, "Add an agent");
  await agent.getByLabel("Name").fill("hut-pc");
  await agent.getByRole("button", { name: "Add", exact: true }).click();
  const token = dialog(page, "Set up hut-pc");
  await token.getByRole("button", { name: "Copy the command" }).waitFor();
  await token.getByRole("button", { name: "Done" }).click();

  await step("An agent on it", "Next").waitFor();
  await page.getByText(`adit agent --server ${server.url.replace("http", "ws")} --token-file -`).waitFor();
  await page.getByRole("button", { name: "Copy the command" }).waitFor();
  await step("A scan of its addresses", "Later").waitFor();
  const { violations } = await page.evaluate(() => window.axe.run(document));
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`),
    [],
  );
});

test("an address of nothing keeps the pages beside it, and marks none of them", async () => {
  for (const address of ["/s/all/nothing", "/nothing/at/all", "/s/all/people/nothing"]) {
    await page.goto(address);
    await page.getByRole("heading", { level: 1, name: "There is no page at this address" }).waitFor();
    await pages().getByRole("link", { name: "Devices" }).waitFor();
    assert.match(new URL(page.url()).pathname, /^\/s\/all\//);
    assert.ok(!(await marked()).includes("Devices"), address);
  }
});

test("of the pages only the one on screen is marked, also while the server hangs, and is said to hang", async () => {
  await page.goto("/s/all/devices");
  await step("A site", "Done").waitFor();
  assert.deepEqual(await marked(), ["Devices"]);
  server.hang();
  await page.getByText("Not live: the server does not answer").waitFor();
  await pages().getByRole("link", { name: "Settings" }).click();
  await page.waitForURL(/\/settings$/);
  await step("A site", "Done").waitFor();
  assert.deepEqual(await marked(), ["Devices"]);
  server.resume();
  await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
  assert.deepEqual(await marked(), ["Settings"]);
  await page.getByText("Not live: the server does not answer").waitFor({ state: "detached" });
});

test("who arrives while the server hangs is told so, and let in once it answers", async () => {
  // The page itself comes from elsewhere first; what it asks for is what hangs.
  let go;
  const held = new Promise((resolve) => {
    go = resolve;
  });
  await page.route("**/api/v1/session", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto("/s/all/settings", { waitUntil: "commit" });
  await page.getByText("The server does not answer. Still waiting for it…").waitFor();
  go();
  await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
});

test("nothing went wrong on the way", () => assert.deepEqual(people.complaints, []));
