import { expect, test } from "vitest";
import { learningCurve } from "../../../sdk/src/figures/charts/learning-curve.js";
import { lossCurve } from "../../../sdk/src/figures/charts/loss-curve.js";

const run = { name: "seed 0", x: [0, 1000, 2000], y: [1, 2, 3] };

test("a learning curve has a line per run, a band where there is spread, and a legend for several", () => {
  const { data, layout } = learningCurve([run, { ...run, name: "three seeds", spread: [1, 1, 1] }], { y: "return" });
  expect(data.map(({ name, fill }) => [name, fill])).toEqual([
    ["seed 0", undefined],
    ["three seeds", "toself"],
    ["three seeds", undefined],
  ]);
  expect(layout).toMatchObject({
    showlegend: true,
    xaxis: { title: { text: "environment steps" } },
    yaxis: { title: { text: "return" } },
  });
  expect(learningCurve([run]).layout.showlegend).toBe(false);
});

test("references are named, dotted lines", () => {
  const { layout } = learningCurve([run], { references: [{ name: "published", value: 2893 }] });
  expect(layout).toMatchObject({
    showlegend: true,
    shapes: [{ y0: 2893, y1: 2893, name: "published: 2,893", showlegend: true }],
  });
  expect(() => learningCurve([run], { references: [{ name: "none", value: NaN }] })).toThrow(/references "none".*NaN/);
});

test("series look different even without colour", () => {
  const { data } = learningCurve(Array.from({ length: 28 }, (_, index) => ({ ...run, name: String(index) })));
  expect(new Set(data.map(({ line }) => JSON.stringify(line))).size).toBe(28);
});

test("losses are on a logarithmic axis only if all are positive and span a decade, else it has too few ticks", () => {
  const loss = (y: number[]) => lossCurve([{ name: "training", x: y.map((_, index) => index), y }]).layout.yaxis;
  expect(loss([1, 0.5, 0.1])).toMatchObject({ type: "log", dtick: "D2" });
  expect(loss([1, 1e-5])).toMatchObject({ type: "log", dtick: 1 });
  expect(loss([1, 1e-25])).toMatchObject({ type: "log", dtick: 3 });
  expect(loss([1, 0])).not.toHaveProperty("type");
  expect(loss([0.7, 0.4])).not.toHaveProperty("type");
});

test("steps have no fractions and large ones are short", () => {
  const axisUpTo = (largest: number) => learningCurve([{ ...run, x: [0, 1, largest] }]).layout.xaxis;
  expect(axisUpTo(2)).toMatchObject({ dtick: 1 });
  expect(axisUpTo(4e6)).toMatchObject({ tickformat: "~s" });
});

test("long losses are thinned", () => {
  const x = Float32Array.from({ length: 20_000 }, (_, index) => index);
  expect(lossCurve([{ name: "training", x, y: x }]).data[0]!.y).toHaveLength(1000);
});

test("unusable series are refused", () => {
  expect(() => learningCurve([])).toThrow(/runs: empty/);
  expect(() => lossCurve([{ name: "a", x: [1, 2], y: [1] }])).toThrow(/losses\[0\] "a"\.y: 1 values\n\s+expected 2/);
});
