// People at browsers: one context each, signed in through the page, and everything the console complains of.
import { chromium } from "playwright-core";

/** Far more than a loaded machine needs; what is waited for is an element or a text, never time. */
const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 180_000);
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function openBrowser(url) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ARGS,
  });
  const complaints = [];
  /** A page of a person's own. `name` is for what is complained of. */
  const newPage = async (name, options = {}) => {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      baseURL: url,
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    watch(page, (text) => complaints.push(`${name}: ${text}`));
    return page;
  };
  /** Somebody of the demo, by role, signed in. */
  const signIn = async (role, options) => {
    const page = await newPage(role, options);
    await page.goto("/");
    const people = page.getByRole("region", { name: "Demo people" });
    await people
      .getByRole("button", { name: `${role} `, exact: false })
      .first()
      .click();
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Devices" }).waitFor();
    return page;
  };
  return { browser, complaints, newPage, signIn };
}

/** Tells of errors in the page, of refused or failed calls, and of breaches of the content security policy. */
function watch(page, tell) {
  const signedOut = (url) => new URL(url).pathname === "/api/v1/session";
  page.on("pageerror", (error) => tell(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    // Before somebody signs in, the answer that nobody is signed in is what is expected.
    if (message.text().includes("401") && signedOut(message.location().url)) return;
    tell(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on("response", (response) => {
    if (response.status() < 400 || (response.status() === 401 && signedOut(response.url()))) return;
    tell(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  page.on("requestfailed", (request) => {
    // Leaving a page ends its calls and its live stream.
    if (request.failure()?.errorText === "net::ERR_ABORTED") return;
    tell(`${request.failure()?.errorText} ${request.method()} ${request.url()}`);
  });
}
