// What people do in the console, in words.

/** Goes to a page of the console by its entry in the page list. */
export async function go(page, word) {
  await page
    .getByRole("navigation", { name: "Pages" })
    .getByRole("link", { name: new RegExp(`^${word}( \\d+ for you)?$`) })
    .click();
  await page.getByRole("heading", { level: 1, name: word }).waitFor();
}

export const rows = (page) => page.getByRole("grid", { name: "Devices" }).locator("[role=row][data-index]");
const tray = (page) => page.getByRole("region", { name: "Selection" });

/** Selects the rows from `first` to `last`, counted from 0, with the keyboard. */
export async function selectRows(page, first, last) {
  await page.getByRole("heading", { name: "Devices" }).click();
  const focused = (index) => page.locator(`[role=row][data-index="${index}"]:focus`);
  // Without the focus, the first press only takes it up where it was; that is the first row here.
  await page.keyboard.press("j");
  await focused(0).waitFor();
  for (let index = 1; index <= first; index++) {
    await page.keyboard.press("j");
    await focused(index).waitFor();
  }
  await page.keyboard.press("x");
  for (let index = first + 1; index <= last; index++) {
    await page.keyboard.press("j");
    await focused(index).waitFor();
  }
  await page.keyboard.press("Shift+X");
  await tray(page)
    .getByText(`${last - first + 1} selected`)
    .waitFor();
}

/** Puts a value of an action for what is selected into the draft. */
export async function draft(page, action, value) {
  await tray(page).getByRole("button", { name: action }).click();
  await page.getByRole("menuitem", { name: value, exact: true }).click();
  await page.getByText("Added to the draft").waitFor();
  await tray(page).waitFor({ state: "detached" });
}

/** Shows only the devices of these models, by name. */
export async function onlyModels(page, models) {
  await page.goto(`/s/all/devices?model=${encodeURIComponent(models.join(","))}`);
  await rows(page).first().waitFor();
}

/** The stage of the header's chart: its accessible name is its word and its count. */
export const stage = (page, name) =>
  page.getByRole("banner").getByRole("region", { name: "Actions" }).getByRole("button", { name });

export const dotColour = (locator) =>
  locator
    .locator("i")
    .first()
    .evaluate((dot) => getComputedStyle(dot).backgroundColor);

/** The header's power, in kilowatts. */
export async function powerKw(page) {
  const text = await page
    .getByRole("region", { name: "Fleet now" })
    .getByRole("link", { name: /^Power/ })
    .innerText();
  const [, value, unit] = text.match(/([\d.,]+) (W|kW|MW)/) ?? [];
  return Number(value?.replaceAll(",", "")) * { W: 0.001, kW: 1, MW: 1000 }[unit];
}

export const state = (page, word) => page.getByRole("article").getByText(word, { exact: true }).first();

export async function submit(page, button) {
  await go(page, "Review draft");
  await page.getByRole("button", { name: button }).click();
}

/** Asks for a restart of the workers; gives the address of the request. */
export async function askForRestart(page, reason) {
  await go(page, "Agents & scans");
  await page.getByRole("button", { name: "Restart collection workers…" }).click();
  const dialog = page.getByRole("dialog", { name: "Restart collection workers" });
  await dialog.getByText(/1 approval by/).waitFor();
  await dialog.getByLabel("Reason (optional)").fill(reason);
  await dialog.getByRole("button", { name: "Submit for approval" }).click();
  await state(page, "Waiting for approval").waitFor();
  return new URL(page.url()).pathname;
}

export const dialog = (page, name) => page.getByRole("dialog", name ? { name } : undefined);

export async function addSubAccount(page, name) {
  await go(page, "Sub-accounts");
  await page.getByRole("button", { name: "Add a sub-account…" }).first().click();
  const form = dialog(page, "Add a sub-account");
  await form.getByLabel("Name").fill(name);
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("link", { name, exact: true }).waitFor();
}

/** Chooses an entry of a list in a form. */
export async function choose(page, form, label, value) {
  await form.getByRole("combobox", { name: label }).or(form.getByLabel(label)).first().click();
  await page.getByRole("option", { name: value, exact: true }).click();
}

/** What can be done with something, from the menu of its row. */
export async function taskMenu(page, of, word) {
  await page.getByRole("button", { name: `What to do with ${of}` }).click();
  await page.getByRole("menuitem", { name: word }).click();
}
