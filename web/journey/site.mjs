// A site as an operator has one: the server, an agent that has enrolled, and simulated miners that can be made to misbehave.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { call } from "./calls.mjs";
import { openBrowser } from "./people.mjs";
import { setUp, startServer } from "./server.mjs";

export const OWNER = {
  name: "Lena Ortiz",
  email: "lena@norte.example",
  password: "seven green kites over a dam",
};
/** As the simulated miners have them. */
const PASSWORDS = [
  { family: "whatsminer", user: "", password: "admin" },
  { family: "whatsminer", user: "super", password: "super" },
  { family: "avalon", user: "", password: "root" },
  { family: "antminer", user: "root", password: "root" },
];

/** Runs a part of the program until it is stopped; gives what matches in what it prints first, and how to stop it. */
async function run(args, says) {
  const child = spawn(process.env.ADIT_BIN, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
  };
  if (!says) {
    child.stdout.resume();
    return { stop };
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const said = line.match(says)?.[1];
    if (said) return { said, stop };
  }
  throw new Error(`${args[0]} ended before it said where it is`);
}

/** Starts so many miners; gives the first one's address, where they are told to misbehave, and how to stop them. */
async function startMiners(count) {
  // A net of loopback addresses of its own, so that several journeys can run beside each other.
  const first = `127.${160 + (process.pid % 50)}.0.1`;
  const args = ["sim", "--miners", String(count), "--base", first, "--control", "127.0.0.1:0"];
  const { said, stop } = await run(args, /^control API: (http:\S+)/);
  return { first, control: said, stop };
}

/** The server with its first account, whose Owner sits at a browser, and so many miners that its agent finds. */
export async function openSite(count) {
  const ends = [];
  const close = async () => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const miners = await startMiners(count);
    ends.push(miners.stop);
    const server = await startServer("--poll-interval", "1");
    ends.push(server.stop);
    const people = await openBrowser(server.url);
    ends.push(() => people.browser.close());
    const owner = await people.newPage("Owner", { password: OWNER.password });
    await setUp(owner, server, { company: "Norte", ...OWNER });
    ends.push(await startAgent(owner, server, miners, count));
    await owner.goto("/s/all/devices");
    await owner.getByText(`${count} devices`).waitFor();
    return { people, owner, misbehave: (ip, fault) => misbehave(miners, ip, fault), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startAgent(owner, server, { first }, count) {
  const { site } = await call(owner, "POST", "/sites", { name: "Quarry" });
  const { agent, token } = await call(owner, "POST", "/agents", { site: site.id, name: "quarry-1" });
  const last = first.replace(/1$/, String(count));
  await call(owner, "POST", "/scan-tasks", {
    agent: agent.id,
    name: "hall",
    ranges: [`${first}-${last}`],
    interval_s: 30,
    credentials: PASSWORDS,
    passwords_to_unknown: true,
  });
  const data = await mkdtemp(join(tmpdir(), "adit-agent-"));
  const file = join(data, "token");
  await writeFile(file, token);
  const args = ["agent", "--server", server.url.replace("http", "ws"), "--data", data, "--token-file", file];
  const { stop } = await run(args);
  return async () => {
    await stop();
    await rm(data, { recursive: true, force: true });
  };
}

async function misbehave({ control }, ip, fault) {
  const answer = await fetch(`${control}/miners/${ip}/fault`, {
    method: "POST",
    body: JSON.stringify(fault),
  });
  if (!answer.ok) throw new Error(`${ip}: ${await answer.text()}`);
}
