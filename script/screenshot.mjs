// `npm run screenshot`: the pictures of the README, docs/images, taken by end-to-end tests: of the quickstart in JupyterLab
// (notebook.png), or with `-- player` of the 3-D player (player.png).
import { join } from "node:path";
import { projectRoot } from "./jupyter-environment.mjs";

const [name = "notebook"] = process.argv.slice(2);
process.env.DMPO_SCREENSHOT = join(projectRoot, `docs/images/${name}.png`);
process.argv.splice(2, Infinity, name === "player" ? "player" : "jupyterlab", "-t", "screenshot");
await import("./end-to-end.mjs");
