// Entry of the kernel process, as the kernelspec starts it: node launcher.js --config-path CONNECTION_FILE
// It owns the sockets and the compiler. Cells run in a process of their own, which it outlives.
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { watchParent } from "./wire/parent-watch.js";
import { Server, type Connection } from "./wire/server.js";
import { Session } from "./wire/session.js";

const connectionFile = process.argv[process.argv.indexOf("--config-path") + 1];
if (!process.argv.includes("--config-path") || connectionFile === undefined) {
  console.error("usage: node launcher.js --config-path CONNECTION_FILE (Jupyter starts it so)");
  process.exit(2);
}

// A kernel that nobody can reach any more must not live on; the cells' process notices, and ends too.
process.on("uncaughtException", (error) => {
  writeSync(2, `dmpo-kernel: ${error.stack}\n`);
  process.kill(process.pid, "SIGKILL");
});

// The notebook's folder first; then this package's, from where the SDK and Node's types are found.
const roots = [process.cwd(), fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "")];
const { version } = createRequire(import.meta.url)("typescript/package.json") as { version: string };
let isEnding = false;
const server = new Server({
  connection: JSON.parse(readFileSync(connectionFile, "utf8")) as Connection,
  typescriptVersion: version,
  createSession: (output) => new Session(roots, output),
  exit: () => void exit(),
});

async function exit(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  await server.session.end();
  // The process must not end under open sockets: their library would abort it.
  server.close();
  process.exit(0);
}

process.on("SIGINT", () => server.session.interrupt());
watchParent(() => void exit());
await server.start();
