// The paths of avoiding demonstrations seen from above, as the reference's scripts draw them: obstacles as dots, the goal as a line.
import type { Demonstration } from "../data/d3il.js";
import { obstacles } from "../envs/d3il/avoiding.js";
import type { Figure } from "../figures/figure.js";

const dots = { x: obstacles.map(({ x }) => x), y: obstacles.map(({ y }) => y) };
const goal = 0.4;

export function demonstrationPaths(demonstrations: readonly Demonstration[]): Figure {
  const column = (values: Float64Array, offset: number) =>
    Array.from({ length: values.length / 2 - 1 }, (_, i) => values[2 * i + offset]!);
  return {
    data: [
      ...demonstrations.map(({ name, actual }) => ({
        type: "scatter",
        mode: "lines",
        name,
        x: column(actual, 0),
        y: column(actual, 1),
        line: { color: "rgb(77,77,77)", width: 1 },
        showlegend: false,
      })),
      { type: "scatter", mode: "lines", x: [0.2, 0.8], y: [goal, goal], line: { color: "#1f77b4" }, showlegend: false },
      { type: "scatter", mode: "markers", ...dots, marker: { color: "black", size: 10 }, showlegend: false },
    ],
    layout: {
      width: 480,
      height: 600,
      plot_bgcolor: "white",
      xaxis: { title: { text: "X pos" }, range: [0.2, 0.8] },
      yaxis: { title: { text: "Y pos" }, range: [-0.3, 0.5] },
    },
  };
}
