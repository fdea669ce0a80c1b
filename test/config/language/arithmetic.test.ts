import { expect, test } from "vitest";
import { ArithmeticError, evaluateArithmetic, roundHalfEven } from "../../../sdk/src/config/language/arithmetic.js";

test.each([
  ["11 * 1", 11],
  ["- 3 * 4", -12],
  ["1 + 2 * 3 - 4 / 8", 6.5],
  ["(1 + 2) * 3", 9],
  ["2 ** 3 ** 2", 512],
  ["-2 ** 2", -4],
  ["7 // 2 + -7 // 2", -1],
  ["-7 % 3", 2],
  ["1e-3 * .5", 5e-4],
  ["round(1000 / 4)", 250],
  ["round(2.5) + round(3.5)", 6],
  ["int(7.9) + max(1, 2, 3) - min(4, 5)", 6],
  ["float(1) + abs(-2) + ceil(0.1) + floor(0.9)", 4],
])("%s = %d", (text, value) => expect(evaluateArithmetic(text)).toBeCloseTo(value, 12));

test.each([
  "",
  "1 +",
  "(1",
  "1 2",
  "process",
  "process.exit(1)",
  "constructor(1)",
  "1 / 0",
  "import('x')",
  "a + 1",
  "1; 2",
])("%j is refused", (text) => expect(() => evaluateArithmetic(text)).toThrow(ArithmeticError));

test("rounding ties go to the even neighbour, as in Python", () => {
  expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4, 2.6].map((x) => roundHalfEven(x) + 0)).toEqual([
    -2, -2, 0, 0, 2, 2, 2, 3,
  ]);
});
