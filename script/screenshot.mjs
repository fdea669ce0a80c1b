// `npm run screenshot`: the picture of the README, docs/images/notebook.png, taken by the end-to-end test that runs the quickstart.
import { join } from "node:path";
import { projectRoot } from "./jupyter-environment.mjs";

process.env.DMPO_SCREENSHOT = join(projectRoot, "docs/images/notebook.png");
process.argv.push("jupyterlab", "-t", "screenshot");
await import("./end-to-end.mjs");
