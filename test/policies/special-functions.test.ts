import { expect, test } from "vitest";
import {
  incompleteBeta,
  logBeta,
  logGamma,
  normalCdf,
  studentCdf,
  studentQuantile,
} from "../../sdk/src/policies/special-functions.js";

test("logGamma: factorials, halves and the reflection", () => {
  expect(logGamma(1)).toBeCloseTo(0, 13);
  expect(logGamma(11)).toBeCloseTo(Math.log(3_628_800), 12);
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 13);
  expect(logGamma(0.25) + logGamma(0.75)).toBeCloseTo(Math.log(Math.PI * Math.SQRT2), 13);
});

test("incompleteBeta: powers, polynomials, symmetry, ends", () => {
  expect(incompleteBeta(0.3, 1.5, 1)).toBeCloseTo(0.3 ** 1.5, 13);
  expect(incompleteBeta(0.3, 2, 3)).toBeCloseTo(6 * 0.09 - 8 * 0.027 + 3 * 0.0081, 13);
  expect(incompleteBeta(0.2, 4, 7) + incompleteBeta(0.8, 7, 4)).toBeCloseTo(1, 13);
  expect([incompleteBeta(0, 2, 2), incompleteBeta(1, 2, 2)]).toEqual([0, 1]);
  expect(Math.exp(logBeta(2, 3))).toBeCloseTo(1 / 12, 14);
});

test("normalCdf: table values", () => {
  expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 9);
  expect(normalCdf(-1)).toBeCloseTo(0.158655253931457, 9);
  expect([normalCdf(0), normalCdf(40), normalCdf(-40)]).toEqual([0.5, 1, 0]);
});

test("Student's t: closed forms for one and two degrees of freedom, table values", () => {
  expect(studentCdf(1.7, 1)).toBeCloseTo(0.5 + Math.atan(1.7) / Math.PI, 12);
  expect(studentCdf(-1.7, 2)).toBeCloseTo(0.5 - 1.7 / (2 * Math.sqrt(2 + 1.7 ** 2)), 12);
  const table = { 1: 12.7062, 2: 4.30265, 4: 2.776445, 9: 2.262157, 29: 2.04523 };
  for (const [freedom, t] of Object.entries(table)) expect(studentQuantile(0.975, Number(freedom))).toBeCloseTo(t, 4);
  expect(studentQuantile(0.05, 4)).toBeCloseTo(-2.131847, 5);
});
