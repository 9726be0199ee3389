// People at browsers: one context each, signed in through the page, and everything the console complains of.
import { chromium } from "playwright-core";
import { startDemo } from "./demo.mjs";

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
  /** A page of a person's own, who has this password. `name` is for what is complained of. */
  const newPage = async (name, { password, ...options } = {}) => {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      baseURL: url,
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    watch(page, (text) => complaints.push(`${name}: ${text}`));
    if (password) await answerForThem(page, password);
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
    await answerForThem(page, await page.getByLabel("Password", { exact: true }).inputValue());
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Devices" }).waitFor();
    return page;
  };
  return { browser, complaints, newPage, signIn };
}

/** The demo, with its Owner at a browser. */
export async function openDemo() {
  const demo = await startDemo();
  let people;
  const close = async () => {
    await people?.browser.close();
    return demo.stop();
  };
  try {
    people = await openBrowser(demo.url);
    return { demo, people, owner: await people.signIn("Owner"), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Answers the question for a fresh sign-in whenever it stands in the way: on a slow machine they have been here for a while. */
async function answerForThem(page, password) {
  const question = page.getByRole("dialog", { name: "Confirm that it is you" });
  await page.addLocatorHandler(question, async () => {
    await question.getByLabel("Password", { exact: true }).fill(password);
    await question.getByRole("button", { name: "Confirm" }).click();
  });
}

/** Tells of errors in the page, of refused or failed calls, and of breaches of the content security policy. */
function watch(page, tell) {
  const asksAgain = async (response) => {
    const answer = await response.json().catch(() => null);
    return answer?.code === "step_up_required";
  };
  const signedOut = (url) => new URL(url).pathname === "/api/v1/session";
  page.on("pageerror", (error) => tell(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    // The answer itself is looked at below.
    if (message.text().includes("status of 401")) return;
    tell(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on("response", async (response) => {
    if (response.status() < 400) return;
    // Before somebody signs in, the answer that nobody is signed in is what is expected; later on, that they are asked again.
    if (response.status() === 401 && (signedOut(response.url()) || (await asksAgain(response)))) return;
    tell(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  page.on("requestfailed", (request) => {
    // Leaving a page ends its calls and its live stream.
    if (request.failure()?.errorText === "net::ERR_ABORTED") return;
    tell(`${request.failure()?.errorText} ${request.method()} ${request.url()}`);
  });
}
