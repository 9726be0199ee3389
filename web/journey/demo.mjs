// Starts `adit demo` on a free port with a folder of its own, and stops it again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Far more than a loaded machine needs. */
const PATIENCE_MS = 180_000;

export async function startDemo() {
  const binary = process.env.ADIT_BIN;
  if (!binary) throw new Error("set ADIT_BIN to the built program, such as ../target/debug/adit");
  const data = await mkdtemp(join(tmpdir(), "adit-journey-"));
  // A net of loopback addresses of its own, so that several journeys can run beside each other.
  const base = `127.${60 + (process.pid % 100)}.0.1`;
  const child = spawn(binary, ["demo", "--bare", "--data", data, "--listen", "127.0.0.1:0", "--base", base], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the demo did not say its address")), PATIENCE_MS);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const address = line.match(/http:\/\/\S+/)?.[0];
      if (!address) return;
      clearTimeout(timer);
      resolve(address);
    });
    ended.then(([code]) => reject(new Error(`the demo ended with ${code} before it listened`)));
  }).catch(async (error) => {
    child.kill("SIGKILL");
    await rm(data, { recursive: true, force: true });
    throw error;
  });
  return {
    url,
    async stop() {
      const killer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
      child.kill("SIGINT");
      const [code] = await ended;
      clearTimeout(killer);
      await rm(data, { recursive: true, force: true });
      return code;
    },
  };
}
