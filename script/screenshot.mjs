// `npm run screenshot`: the pictures of the README and of docs/kernel.md, taken by the end-to-end tests that run the quickstart and a
// few cells. `-- cells` takes the latter only.
import { join } from "node:path";
import { projectRoot } from "./jupyter-environment.mjs";

const onlyCells = process.argv[2] === "cells";
process.env.DMPO_SCREENSHOT = join(projectRoot, "docs/images/notebook.png");
process.env.DMPO_SCREENSHOTS = join(projectRoot, "docs/images");
process.argv.splice(2, process.argv.length, ...(onlyCells ? [] : ["jupyterlab"]), "screenshots", "-t", "screenshot");
await import("./end-to-end.mjs");
