// Every page for those who cannot see or cannot use a mouse: WCAG 2.1 A and AA by axe, in both themes, on a desk and on a phone.
//   ADIT_BIN=../target/debug/adit node --test journey/access.test.mjs
// SHOTS=<folder> also keeps a picture of each.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { openDemo } from "./people.mjs";
import { makeScene } from "./scene.mjs";
import { dialog } from "./steps.mjs";

const ALL = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };
/** What another theme can change. */
const COLOURS = { type: "rule", values: ["color-contrast", "link-in-text-block"] };
const WIDTHS = [
  { word: "desk", width: 1440, height: 900 },
  { word: "phone", width: 390, height: 844 },
];
/** What WCAG 2.2 asks for at least, here without its exception for what has room around it. */
const THUMB_PX = 24;
const THEMES = ["dark", "light"];

let at;
let scene;
let page;

before(async () => {
  at = await openDemo();
  scene = await makeScene(at);
  const storageState = await at.owner.context().storageState();
  page = await at.people.newPage("looker", { storageState, reducedMotion: "reduce" });
  await page.addInitScript(axe.source);
  if (process.env.SHOTS) await mkdir(process.env.SHOTS, { recursive: true });
});

after(() => at?.close());

const there = (path) => () => `/s/all/${path}`;
const asked = (of) => () => `/s/all/requests/${of(scene).id}`;
const pressed = (name) => () => page.getByRole("button", { name, exact: true }).first().click();

/** What is looked at: where it is, and what is opened there. */
const SIGHTS = {
  "my panel": { at: there("panel") },
  devices: { at: there("devices") },
  "a device": { at: () => `/s/all/devices?device=${scene.device}` },
  sites: { at: there("sites") },
  agents: { at: there("agents") },
  "sub-accounts": { at: there("sub-accounts") },
  "a sub-account's money": { at: () => `/s/all/sub-accounts/${scene.subAccount}` },
  "the draft's review": { at: there("review") },
  requests: { at: there("requests?mine=true&state=pending") },
  "anything by its name": { at: there("requests"), open: () => page.keyboard.press("Control+k") },
  approvals: { at: there("approvals") },
  inbox: { at: there("inbox") },
  "a request on devices": { at: asked(({ requests }) => requests.device) },
  "its approval": { at: asked(({ requests }) => requests.device), open: pressed("Approve") },
  "a request that is done": { at: asked(({ requests }) => requests.done) },
  "a request that was rejected": { at: asked(({ requests }) => requests.rejected) },
  "a request about a role": { at: asked(({ requests }) => requests.role) },
  "a request about money": { at: asked(({ wallet }) => wallet) },
  people: { at: there("people") },
  "inviting a person": { at: there("people"), open: pressed("Invite…") },
  roles: { at: there("roles") },
  "approval rules": { at: there("rules") },
  "changing a rule": { at: there("rules"), open: pressed("Change the rule: Power mode and presets") },
  webhooks: { at: there("webhooks") },
  "API keys": { at: there("api-keys") },
  "the audit log": { at: there("audit") },
  "the account as it was": { at: there("audit/as-of") },
  security: { at: there("security") },
  settings: { at: there("settings") },
  keys: { at: there("settings"), open: () => page.keyboard.press("?") },
  "an address of nothing": { at: () => "/s/all/nothing" },
  "sign-in": { at: () => "/sign-in" },
  "forgotten password": { at: () => "/forgot-password" },
  "a new password": { at: () => "/reset-password#nothing" },
  "an e-mail's confirmation": { at: () => "/verify-email#nothing" },
  "the first account": { at: () => "/setup#nothing" },
  "an invitation": { at: () => scene.invitation },
  "an observer's page": { at: () => scene.observers },
  "an observer's page by name": { at: () => "/observe/btc/quarryclient" },
};

for (const [name, sight] of Object.entries(SIGHTS))
  test(`${name}: nothing in anybody's way`, async () => {
    const found = [];
    for (const { word, ...viewport } of WIDTHS) {
      await page.setViewportSize(viewport);
      // Another document each time: the addresses of links differ only behind their #.
      await page.goto("about:blank");
      await page.goto(sight.at());
      await settled();
      await sight.open?.();
      if (sight.open) await dialog(page).first().waitFor();
      for (const theme of THEMES) {
        const where = `${word}, ${theme}`;
        await page.evaluate((scheme) => {
          document.documentElement.dataset.mantineColorScheme = scheme;
        }, theme);
        found.push(...(await breaches(where, theme === "dark" ? ALL : COLOURS)));
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name} ${where}.png` });
      }
      if (word === "phone") found.push(...(await tooSmall()));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (over > 0) found.push(`${word}: ${over} px wider than the window`);
    }
    assert.equal(found.join("\n\n"), "", name);
  });

async function settled() {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
}

/** What stands by itself, not within a sentence, and is too flat for a thumb. */
const tooSmall = () =>
  page.evaluate((least) => {
    const alone = [...document.querySelectorAll("a, button")].filter((element) => {
      const { width, height } = element.getBoundingClientRect();
      const shown = width > 1 && element.checkVisibility({ visibilityProperty: true });
      // A number's arrows are hidden: it is typed.
      const told = shown && !element.closest("[aria-hidden=true]");
      return told && height < least && getComputedStyle(element).display !== "inline";
    });
    return alone.map(
      (element) =>
        `phone: ${element.getBoundingClientRect().height} px high\n  ${element.outerHTML.slice(0, 300)}`,
    );
  }, THUMB_PX);

/** Which rule is broken, where, and by what element. */
async function breaches(where, runOnly) {
  const { violations } = await page.evaluate((only) => {
    const rules = only.type === "tag" ? { "target-size": { enabled: true } } : {};
    return window.axe.run(document, { runOnly: only, rules, resultTypes: ["violations"] });
  }, runOnly);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, html, failureSummary }) =>
        `${where}: ${help} (${id})\n  at ${target.join(" ")}\n  ${html.slice(0, 300)}\n  ${failureSummary.replaceAll("\n", "\n  ")}`,
    ),
  );
}
