#!/usr/bin/env node
// The `dmpo-kernel` command. In a fresh clone the package is built by `npm run build` (or by any of the project's scripts).
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = new URL("../dist/commands/main.js", import.meta.url);
if (!existsSync(fileURLToPath(main))) {
  console.error("dmpo-kernel: the package is not built yet. Run `npm run build` in the project's root first.");
  process.exit(1);
}
// `dmpo-kernel doctor | head` closes the pipe early; that is no failure.
process.stdout.on("error", (error) => process.exit(error.code === "EPIPE" ? 0 : 1));
const { run } = await import(main.href);
process.exitCode = await run(process.argv.slice(2));
