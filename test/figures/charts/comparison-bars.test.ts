import { expect, test } from "vitest";
import { comparisonBars } from "../../../sdk/src/figures/charts/comparison-bars.js";

const before = {
  name: "before",
  values: [
    { mean: 1201.4, spread: 210 },
    { mean: 0.5, spread: 0 },
  ],
};

test("a bar per category and series with whiskers and its mean written in it", () => {
  const { data, layout } = comparisonBars(["hopper", "ant"], [before, { ...before, name: "after" }]);
  expect(data).toMatchObject([
    {
      type: "bar",
      name: "before",
      x: ["hopper", "ant"],
      y: [1201.4, 0.5],
      error_y: { array: [210, 0] },
      text: ["1,201", "0.5"],
    },
    { name: "after" },
  ]);
  expect(layout).toMatchObject({ barmode: "group", showlegend: true });
});

test("unusable values are refused, all at once", () => {
  expect(() => comparisonBars([], [])).toThrow(/categories: empty[\s\S]*series: empty/);
  expect(() => comparisonBars(["hopper"], [before])).toThrow(/"before"\.values: 2 values\n\s+expected 1/);
  const broken = { name: "broken", values: [{ mean: NaN, spread: -1 }] };
  expect(() => comparisonBars(["hopper"], [broken])).toThrow(/values\[0\]\.mean: NaN[\s\S]*values\[0\]\.spread: -1/);
});
