import { expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { confidenceInterval } from "../../sdk/src/evaluation/confidence.js";

test("a worked example: 4 values, t(3) = 3.18245", () => {
  const { count, mean, halfWidth } = confidenceInterval([1, 2, 3, 6]);
  expect([count, mean]).toEqual([4, 3]);
  expect(halfWidth).toBeCloseTo((3.18244631 * Math.sqrt(14 / 3)) / 2, 6);
});

test("covers the true mean as often as it says, with three values", () => {
  const random = new Random(5).stream("values");
  const trials = 4000;
  let covered = 0;
  for (let trial = 0; trial < trials; trial++) {
    const { mean, halfWidth } = confidenceInterval([...random.normal(new Float32Array(3), 10, 2)], 0.8);
    if (Math.abs(mean - 10) < halfWidth!) covered++;
  }
  expect(covered / trials).toBeCloseTo(0.8, 1);
});

test("one value has no interval; none is an error, as is a share outside (0, 1)", () => {
  expect(confidenceInterval([7])).toEqual({ count: 1, mean: 7 });
  expect(() => confidenceInterval([])).toThrow("at least one number");
  expect(() => confidenceInterval([1, 2], 95)).toThrow("a share between 0 and 1");
});
