import { expect, test } from "vitest";
import { formatColumn, formatNumber } from "../../sdk/src/figures/number-format.js";

test.each([
  [566652, "566,652"],
  [2893.4, "2,893"],
  [0.98765, "0.9877"],
  [12.5, "12.5"],
  [-3.14159, "−3.142"],
  [0.00003, "3e-5"],
  [0, "0"],
  [-0, "0"],
  [NaN, "–"],
  [-Infinity, "−∞"],
])("%d reads %s", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test("a column has the same decimals in all rows", () => {
  expect(formatColumn([0.675, 0.9184, 0.93])).toEqual(["0.6750", "0.9184", "0.9300"]);
  expect(formatColumn([0.3331, 1.65432])).toEqual(["0.333", "1.654"]);
  expect(formatColumn([1, 20, 1_000_000])).toEqual(["1", "20", "1,000,000"]);
  expect(formatColumn([1201.4, -3012.7])).toEqual(["1,201", "−3,013"]);
});

test("what a column cannot show alike stays readable", () => {
  expect(formatColumn(["base", 1.5, NaN, 0.00001, 0])).toEqual(["base", "1.500", "–", "1e-5", "0.000"]);
  expect(formatColumn([3012.5, 0.25])).toEqual(["3,013", "0.25"]);
  expect(formatColumn([])).toEqual([]);
});
