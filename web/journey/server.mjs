// Starts `adit serve` on a free port with an empty folder of its own, and stops it again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Gives the server's address, the token of its set-up link, and how to stop it, or let it hang and go on. `options` go to the program as they are. */
export async function startServer(...options) {
  const binary = process.env.ADIT_BIN;
  if (!binary) throw new Error("set ADIT_BIN to the built program, such as ../target/debug/adit");
  const data = await mkdtemp(join(tmpdir(), "adit-journey-"));
  const child = spawn(binary, ["serve", "--data", data, "--listen", "127.0.0.1:0", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
    await rm(data, { recursive: true, force: true });
  };
  const hang = () => child.kill("SIGSTOP");
  const resume = () => child.kill("SIGCONT");
  for await (const line of createInterface({ input: child.stdout })) {
    const link = line.match(/^(http:\S+)\/setup#(\S+)$/);
    if (link) return { url: link[1], token: link[2], stop, hang, resume };
  }
  await rm(data, { recursive: true, force: true });
  throw new Error("the server ended before it printed its set-up link");
}

/** Makes the first account through the page of the set-up link; the page is then the Owner's. */
export async function setUp(page, server, { company, name, email, password }) {
  await page.goto(`${server.url}/setup#${server.token}`);
  await page.getByLabel("Company").fill(company);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
}
