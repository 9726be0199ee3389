// Fails when the built console is larger than its budgets (gzip sizes; run `npm run build` first).
// Entry = the scripts index.html asks for; first load = entry, style sheets and the fonts every page uses.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
if (!existsSync(new URL("index.html", dist))) {
  console.error("dist/ is missing: run `npm run build` first");
  process.exit(1);
}
const html = readFileSync(new URL("index.html", dist), "utf8");
const kb = (bytes) => bytes / 1000;
const gz = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
const sum = (files) => files.reduce((total, file) => total + gz(file), 0);

const linked = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]);
const entry = linked.filter((file) => file.endsWith(".js"));
const assets = readdirSync(new URL("assets/", dist)).map((file) => `assets/${file}`);
const styles = assets.filter((file) => file.endsWith(".css"));
const fonts = assets.filter((file) => file.endsWith(".woff2"));
const routes = assets.filter((file) => file.endsWith(".js") && !entry.includes(file));

const entryBytes = sum(entry);
const largestRoute = Math.max(0, ...routes.map(gz));
const rows = [
  ["entry JS, kB", kb(entryBytes), 230],
  ["all CSS, kB", kb(sum(styles)), 40],
  ["largest other chunk, kB", kb(largestRoute), 60],
  ["first load, KiB", (entryBytes + largestRoute + sum(styles) + sum(fonts) + gz("index.html")) / 1024, 350],
];
let failed = false;
for (const [what, size, limit] of rows) {
  const over = size > limit;
  failed ||= over;
  console.log(`${over ? "OVER" : "ok  "}  ${what.padEnd(26)} ${size.toFixed(1).padStart(7)} of ${limit}`);
}
process.exit(failed ? 1 : 0);
