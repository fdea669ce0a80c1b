// The picture of avoiding demonstrations, as the reference's scripts draw it.
import { expect, test } from "vitest";
import { demonstrationPaths } from "../../sdk/src/experiments/demonstration-paths.js";

test("a thin grey line for each, obstacles as dots, the goal as a line, on a table of fixed size", () => {
  // The last position has no action and is left out, as there.
  const actual = Float64Array.of(0.5, -0.28, 0.51, -0.2, 0.52, -0.1);
  const hidden = { type: "scatter", showlegend: false };
  expect(demonstrationPaths([{ name: "first", actual } as never])).toEqual({
    data: [
      {
        ...hidden,
        ...{ mode: "lines", name: "first", x: [0.5, 0.51], y: [-0.28, -0.2] },
        line: { color: "rgb(77,77,77)", width: 1 },
      },
      { ...hidden, mode: "lines", x: [0.2, 0.8], y: [0.4, 0.4], line: { color: "#1f77b4" } },
      {
        ...hidden,
        ...{ mode: "markers", x: [0.5, 0.425, 0.575, 0.35, 0.5, 0.65], y: [-0.1, 0.08, 0.08, 0.26, 0.26, 0.26] },
        marker: { color: "black", size: 10 },
      },
    ],
    layout: {
      ...{ width: 480, height: 600, plot_bgcolor: "white" },
      xaxis: { title: { text: "X pos" }, range: [0.2, 0.8] },
      yaxis: { title: { text: "Y pos" }, range: [-0.3, 0.5] },
    },
  });
});
