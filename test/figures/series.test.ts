import { expect, test } from "vitest";
import { checkSeries, lineTraces, meanOverSeeds, thin } from "../../sdk/src/figures/series.js";
import { InputError } from "../../sdk/src/errors.js";

function problemsOf(run: () => void): readonly { path: string; wrong: string }[] {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError && error.code === "DMPO_FIGURE_DATA") return error.problems;
    throw error;
  }
  return [];
}

test("the mean and standard deviation over seeds, point by point", () => {
  const { x, y, spread } = meanOverSeeds("runs", [0, 10], [[1, 4], [3, 4], Float32Array.of(5, 4)]);
  expect({ x, y }).toEqual({ x: [0, 10], y: [3, 4] });
  expect(spread).toEqual([Math.sqrt(8 / 3), 0]);
});

test("seeds must be there and be as long as x", () => {
  expect(problemsOf(() => meanOverSeeds("runs", [0, 1], []))).toMatchObject([{ path: "runs", wrong: "empty" }]);
  expect(problemsOf(() => meanOverSeeds("runs", [0, 1], [[1, 2], [1]]))).toMatchObject([
    { path: "runs[1]", wrong: "1 values" },
  ]);
});

test("all problems of all series are reported at once", () => {
  const problems = problemsOf(() =>
    checkSeries([
      { name: "short", x: [1, 2], y: [1] },
      { name: "diverged", x: [1, 2, 3], y: [1, NaN, 2] },
      { name: "nothing", x: [], y: [] },
      { name: "band", x: [1], y: [1], spread: [Infinity] },
    ]),
  );
  expect(problems.map(({ path, wrong }) => `${path} ${wrong}`)).toEqual([
    'series[0] "short".y 1 values',
    'series[1] "diverged".y[1] NaN',
    'series[2] "nothing".x empty',
    'series[2] "nothing".y empty',
    'series[3] "band".spread[0] Infinity',
  ]);
  expect(problemsOf(() => checkSeries([], "runs"))).toMatchObject([{ path: "runs", wrong: "empty" }]);
});

test("a long series becomes the means of equal buckets", () => {
  const x = Float64Array.from({ length: 4000 }, (_, index) => index);
  const thinned = thin({ name: "loss", x, y: x.map((value) => 2 * value), spread: x.fill(1) }, 1000);
  expect(thinned.y).toHaveLength(1000);
  expect([thinned.y[0], thinned.y[999]]).toEqual([3, 7995]);
  const short = { name: "short", x: [1], y: [1] };
  expect(thin(short)).toBe(short);
});

test("the band is the closed outline of y + spread and y - spread", () => {
  const [band, line] = lineTraces({ name: "a", x: [0, 1], y: [10, 20], spread: [1, 2] }, { index: 0 });
  expect(band).toMatchObject({ x: [0, 1, 1, 0], y: [11, 22, 18, 9], fill: "toself", showlegend: false });
  expect(line).toMatchObject({ x: [0, 1], y: [10, 20], mode: "lines+markers", legendgroup: "a" });
});

test("single precision leaves no noise behind", () => {
  expect(lineTraces({ name: "a", x: [0], y: Float32Array.of(0.1) }, { index: 0 })[0]!.y).toEqual([0.1]);
});
