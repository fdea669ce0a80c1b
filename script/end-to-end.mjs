// `npm run test:e2e`: installs JupyterLab where it is missing, then runs the end-to-end tests; arguments go to Vitest.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureJupyter, EnvironmentError, projectRoot } from "./jupyter-environment.mjs";

const env = { ...process.env };
try {
  env.DMPO_PYTHON = ensureJupyter((line) => console.log(`test:e2e: ${line}`)).python;
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  // Tests that need it skip themselves, or fail where CI is set.
  console.error(`test:e2e: ${error.message}`);
}
const vitest = join(projectRoot, "node_modules/vitest/vitest.mjs");
const parameters = [vitest, "run", "--project", "e2e", ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, parameters, { cwd: projectRoot, env, stdio: "inherit" }).status ?? 1;
