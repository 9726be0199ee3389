// Fails when src/api/schema.d.ts is not what openapi-typescript makes of openapi.json.
import { readFileSync } from "node:fs";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";

const root = new URL("../", import.meta.url);
const fresh = COMMENT_HEADER + astToString(await openapiTS(new URL("openapi.json", root)));
const committed = readFileSync(new URL("src/api/schema.d.ts", root), "utf8");
if (fresh.trim() !== committed.trim()) {
  console.error("src/api/schema.d.ts is stale: run `npm run types` and commit the result");
  process.exit(1);
}
console.log("types: fresh");
