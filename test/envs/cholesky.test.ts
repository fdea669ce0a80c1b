// A = L L' by hand, and the solution put back into the equations.
import { expect, test } from "vitest";
import { factorize, solve } from "../../sdk/src/envs/cholesky.js";

test("the factor of a matrix made from it", () => {
  // L = [[2], [6, 1], [-8, 5, 3]] gives these products.
  const matrix = Float64Array.of(4, 12, -16, 12, 37, -43, -16, -43, 98);
  const out = new Float64Array(9);
  factorize(matrix, 3, out);
  expect([out[0], out[3], out[4], out[6], out[7], out[8]]).toEqual([2, 6, 1, -8, 5, 3]);
});

test("the solution satisfies the equations, anywhere in an array", () => {
  const matrix = Float64Array.of(4, 12, -16, 12, 37, -43, -16, -43, 98);
  const wanted = [1.5, -2, 0.25];
  const b = new Float64Array(6).fill(7);
  for (let i = 0; i < 3; i++) b[2 + i] = wanted.reduce((sum, value, j) => sum + matrix[3 * i + j]! * value, 0);
  const factor = matrix.slice();
  factorize(factor, 3, factor);
  solve(factor, 3, b, 2);
  wanted.forEach((value, i) => expect(b[2 + i]).toBeCloseTo(value, 12));
  expect([b[0], b[1], b[5]]).toEqual([7, 7, 7]);
});

test("what has no inertia does not move", () => {
  const factor = new Float64Array(4);
  factorize(Float64Array.of(1, 0, 0, 1e-16), 2, factor);
  expect(factor[3]).toBe(Infinity);
  const b = Float64Array.of(3, 5);
  solve(factor, 2, b);
  expect([...b]).toEqual([3, 0]);
});
