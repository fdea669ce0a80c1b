// `npm run notebooks [-- NAME...]`: executes the notebooks in place, so that they can be read with their outputs. Runs and
// checkpoints go to a temporary folder. DMPO_FULL=1 takes the settings of real runs.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installKernel } from "../kernel-ext/dist/commands/registration.js";
import { ensureJupyter, EnvironmentError, projectRoot } from "./jupyter-environment.mjs";

/** Of one cell, far more than the default setting needs. */
const timeoutSeconds = process.env.DMPO_FULL === "1" ? 12 * 3600 : 600;

const folder = join(projectRoot, "notebooks");
const all = readdirSync(folder).filter((name) => name.endsWith(".ipynb"));
const wanted = process.argv.slice(2).map((name) => (name.endsWith(".ipynb") ? name : `${name}.ipynb`));
const unknown = wanted.filter((name) => !all.includes(name));
const scratch = mkdtempSync(join(tmpdir(), "dmpo-notebooks-"));
try {
  if (unknown.length > 0)
    throw new EnvironmentError(`${unknown.join(", ")}: not in notebooks/, which has ${all.join(", ")}`);
  const { python } = ensureJupyter((line) => console.log(`notebooks: ${line}`));
  // A registration of its own: the person's Jupyter stays as it is.
  await installKernel({ prefix: scratch });
  const env = {
    ...process.env,
    JUPYTER_PATH: join(scratch, "share/jupyter"),
    DMPO_LOG_DIR: process.env.DMPO_LOG_DIR ?? join(scratch, "log"),
  };
  for (const name of wanted.length > 0 ? wanted : all) {
    const program = join(projectRoot, "script/execute-notebooks.py");
    const parameters = [program, join(folder, name), String(timeoutSeconds)];
    if (spawnSync(python, parameters, { env, stdio: "inherit" }).status !== 0) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  console.error(`notebooks: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
