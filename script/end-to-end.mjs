// `npm run test:e2e`: installs JupyterLab and the programs to compare with where they are missing, then runs the end-to-end
// tests, and the fast tests that have a real program as their measure. Arguments go to Vitest, and choose among the former.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureJupyter, ensurePeers, EnvironmentError, projectRoot } from "./jupyter-environment.mjs";

const say = (line) => console.log(`test:e2e: ${line}`);
const chosen = process.argv.slice(2);
const env = { ...process.env };
setFrom("DMPO_PYTHON", () => ensureJupyter(say).python);
const isWell = [run(["--project", "e2e", ...chosen])];
if (chosen.length === 0) {
  if (!env.DMPO_TEST_PYTHON) setFrom("DMPO_TEST_PYTHON", () => ensurePeers(say));
  isWell.push(run(["--project", "fast", ...testsWithPeers()]));
}
process.exitCode = isWell.every(Boolean) ? 0 : 1;

/** Without an environment the tests that need it skip themselves, or fail where CI is set. */
function setFrom(name, ensure) {
  try {
    env[name] = ensure();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    console.error(`test:e2e: ${error.message}`);
  }
}

function testsWithPeers() {
  const files = readdirSync(join(projectRoot, "test"), { recursive: true }).filter((name) => name.endsWith(".test.ts"));
  const usesPython = (name) => /\/python\.js"/.test(readFileSync(join(projectRoot, "test", name), "utf8"));
  return files.filter((name) => !name.startsWith("e2e") && usesPython(name)).map((name) => `test/${name}`);
}

function run(parameters) {
  const vitest = join(projectRoot, "node_modules/vitest/vitest.mjs");
  return (
    spawnSync(process.execPath, [vitest, "run", ...parameters], { cwd: projectRoot, env, stdio: "inherit" }).status ===
    0
  );
}
