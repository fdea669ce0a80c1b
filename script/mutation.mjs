// Mutation testing: `npm run test:mutation -- ROOM [--mutants 300] [--seed 1] [--tests FOLDER] [--own] [--concurrency N] [--fresh]`.
// Changes the sources of sdk/src/ROOM one place at a time and runs the tests that import them; what no test notices is listed.
// docs/testing.md says how to read it.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

// A mutant may loop for ever, and what tests have started may outlive them: all run in a process group that ends with this process.
const program = fileURLToPath(new URL("mutation/run.mjs", import.meta.url));
const child = spawn(process.execPath, [program, ...process.argv.slice(2)], { detached: true, stdio: "inherit" });
const endGroup = () => {
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));
process.on("exit", endGroup);
child.on("exit", (code) => process.exit(code ?? 1));
