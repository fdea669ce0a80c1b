// The browser build of Plotly (scatter, bar, box, heatmap, contour ...; no 3-D) that both the static export and the
// report page use.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** Source text of the bundle, about 1.5 MB. Running it defines `window.Plotly`. */
export function plotlySource(): string {
  return readFileSync(createRequire(import.meta.url).resolve("plotly.js-cartesian-dist-min"), "utf8");
}
