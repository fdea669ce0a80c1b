import { expect, test } from "vitest";
import { histogram } from "../../../sdk/src/figures/charts/histogram.js";

test("counts in round bins, every value in one", () => {
  const { data, layout } = histogram([{ name: "a", values: [0, 1, 9, 10, 19, 20] }], { bins: 2 });
  expect(data).toMatchObject([{ x: [5, 15, 25], y: [3, 2, 1], width: 10, name: "a (6 episodes, median 9.5)" }]);
  expect(layout.shapes).toMatchObject([{ x0: 9.5, x1: 9.5 }]);
});

test("samples of different sizes are compared by their shares", () => {
  const { data, layout } = histogram([
    { name: "few", values: [1, 2] },
    { name: "many", values: Float32Array.of(1, 2, 2, 2) },
  ]);
  for (const { y } of data) expect(y!.reduce((sum: number, share) => sum + share!, 0)).toBeCloseTo(1);
  expect(layout.yaxis!.title!.text).toBe("share of episodes");
});

test("equal values fall into one bin", () => {
  const [bars] = histogram([{ name: "constant", values: [1000, 1000, 1000] }]).data;
  expect(bars).toMatchObject({ y: [3], width: 100 });
  expect(histogram([{ name: "zero", values: [0] }]).data[0]).toMatchObject({ y: [1], width: 1 });
});

test("an outlier does not make thousands of bins", () => {
  const values = Array.from({ length: 1000 }, (_, index) => (index === 0 ? 1e6 : index / 1000));
  expect(histogram([{ name: "outlier", values }]).data[0]!.x!.length).toBeLessThanOrEqual(61);
});

test("unusable samples are refused", () => {
  expect(() => histogram([])).toThrow(/samples: empty/);
  expect(() => histogram([{ name: "a", values: [1, Infinity] }])).toThrow(/samples\[0\] "a"\.values\[1\]: Infinity/);
  expect(() => histogram([{ name: "a", values: [] }])).toThrow(/"a"\.values: empty/);
});
