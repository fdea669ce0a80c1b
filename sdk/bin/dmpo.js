#!/usr/bin/env node
// The `dmpo` command. In a fresh clone the package is built by `npm run build` (or by any of the project's scripts).
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = new URL("../dist/bundle/cli.js", import.meta.url);
if (!existsSync(fileURLToPath(main))) {
  console.error("dmpo: the package is not built yet. Run `npm run build` in the project's root first.");
  process.exit(1);
}
const { run } = await import(main.href);
const code = await run(process.argv.slice(2));
// What could not be written has set it already.
process.exitCode ||= code;
