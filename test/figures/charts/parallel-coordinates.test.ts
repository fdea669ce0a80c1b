// Parallel coordinates: where lines run, what axes say, what is refused.
import { expect, test } from "vitest";
import { parallelCoordinates } from "../../../sdk/src/figures/charts/parallel-coordinates.js";

const trials = [
  { values: ["uniform", "0.0001"], score: 10 },
  { values: ["beta", "0.01"], score: 30 },
  { values: ["beta", "1"], score: 20 },
];
const options = { axes: ["times", "rate"], measure: "return", goal: "max" } as const;

test("names are evenly spaced, many decades logarithmic, the best is drawn last and stands out", () => {
  const { data, layout } = parallelCoordinates(trials, options);
  const lines = data.map(({ x, y, line }) => ({ x, y, color: (line as { color: string }).color }));
  expect(lines.map(({ y }) => y!.slice(0, 3))).toEqual([
    [0, 0, 0],
    [1, 1, 0.5],
    [1, 0.5, 1],
  ]);
  expect(lines[0]!.x).toEqual([0, 1, 2, null]);
  expect(lines.at(-1)!.color).not.toBe(lines[0]!.color);
  expect(data.at(-1)!.name).toBe("best");
  const texts = (layout.annotations as { text: string }[]).map(({ text }) => text);
  expect(texts).toEqual(
    expect.arrayContaining(["<b>times</b>", "<b>rate</b>", "<b>return</b>", "uniform", "1e-4", "0.01", "10", "30"]),
  );
  const least = parallelCoordinates(trials, { ...options, goal: "min" });
  expect(least.data.at(-1)!.y!.slice(0, 3)).toEqual([0, 0, 0]);
});

test("a line lacks no axis, and scores are numbers", () => {
  const wrong = () => parallelCoordinates([{ values: ["a"], score: NaN }], options);
  expect(wrong).toThrow(/trials\[0\]\.values: 1 values[^]*trials\[0\]\.score: NaN/);
  expect(() => parallelCoordinates([], options)).toThrow("at least one trial");
});
