// Pictures of the main pages as they stand at the end of the journey, in both themes, on a desk and on a phone.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { draft, rows, selectRows } from "./steps.mjs";

const WIDTHS = [
  { word: "desk", viewport: { width: 1440, height: 900 } },
  { word: "phone", viewport: { width: 390, height: 844 } },
];

export async function takeShots(folder, people, requests) {
  await mkdir(folder, { recursive: true });
  const author = await people.signIn("Administrator");
  await author.goto("/s/all/devices?model=M50S");
  await rows(author).first().waitFor();
  await selectRows(author, 0, 11);
  await draft(author, "Power mode", "Low");
  const state = await author.context().storageState();
  const pages = {
    devices: "/s/all/devices",
    device: "/s/all/devices?device=dev-8",
    review: "/s/all/review",
    approvals: "/s/all/approvals",
    "request-amended": requests.earlier,
    "request-overriding": requests.later,
    "request-done": requests.sleep,
    "request-rejected": requests.rejected,
    agents: "/s/all/agents",
    rules: "/s/all/rules",
    audit: "/s/all/audit",
  };
  for (const theme of ["dark", "light"]) {
    for (const { word, viewport } of WIDTHS) {
      const page = await people.newPage(`${theme} ${word}`, { viewport, storageState: state });
      await page
        .context()
        .addInitScript((scheme) => localStorage.setItem("adit-color-scheme", scheme), theme);
      for (const [name, address] of Object.entries(pages)) {
        await page.goto(address);
        await page.getByRole("heading", { level: 1 }).first().waitFor();
        await page.getByRole("status", { name: "Loading" }).first().waitFor({ state: "detached" });
        await page.screenshot({ path: `${folder}/${name}-${word}-${theme}.png` });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(over <= 0, `${name} is ${over} px too wide on the ${word}`);
      }
      await page.context().close();
      const stranger = await people.newPage(`${theme} ${word} sign-in`, { viewport });
      await stranger
        .context()
        .addInitScript((scheme) => localStorage.setItem("adit-color-scheme", scheme), theme);
      await stranger.goto("/sign-in");
      await stranger.getByRole("region", { name: "Demo people" }).waitFor();
      await stranger.screenshot({ path: `${folder}/sign-in-${word}-${theme}.png` });
      await stranger.context().close();
    }
  }
}
