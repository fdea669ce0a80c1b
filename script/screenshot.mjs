// `npm run screenshot`: the pictures of the README and of docs/kernel.md, taken by the end-to-end tests that run the quickstart and a
// few cells. `-- cells` takes the latter only, `-- player` the one of the 3-D player.
import { join } from "node:path";
import { projectRoot } from "./jupyter-environment.mjs";

const images = join(projectRoot, "docs/images");
const wanted = { cells: ["screenshots"], player: ["player"] }[process.argv[2]] ?? ["jupyterlab", "screenshots"];
process.env.DMPO_SCREENSHOT = join(images, `${process.argv[2] === "player" ? "player" : "notebook"}.png`);
process.env.DMPO_SCREENSHOTS = images;
process.argv.splice(2, process.argv.length, ...wanted, "-t", "screenshot");

await import("./end-to-end.mjs");
