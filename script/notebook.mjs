// `npm run notebook`: from a fresh clone to JupyterLab with this kernel. Installs what is missing; flags such as --no-browser or
// --port=9000, and a notebook to open, go to JupyterLab.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { installKernel } from "../kernel-ext/dist/commands/registration.js";
import { ensureJupyter, EnvironmentError, projectRoot } from "./jupyter-environment.mjs";

try {
  const { python, prefix } = ensureJupyter((line) => console.log(`notebook: ${line}`));
  await installKernel({ prefix });
  // JupyterLab refuses to run as root, as it would in a container, unless told so.
  const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : [];
  // Nor does it ask the package index for newer versions: this one is pinned.
  const silent = ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"];
  const lab = spawn(python, ["-m", "jupyterlab", ...asRoot, ...silent, ...process.argv.slice(2)], {
    cwd: join(projectRoot, "notebooks"),
    stdio: "inherit",
  });
  // Ctrl-C reaches JupyterLab as well, which asks back; this process waits for its answer.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => lab.kill("SIGTERM"));
  lab.on("exit", (code) => (process.exitCode = code ?? 1));
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  console.error(`notebook: ${error.message}`);
  process.exitCode = 1;
}
